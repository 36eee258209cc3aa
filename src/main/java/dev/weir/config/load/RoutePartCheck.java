package dev.weir.config.load;

import java.util.Map;
import java.util.Set;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

import dev.weir.config.Suggestion;

/**
 * Checks the predicates and filters of routes: their syntax, their names, and the paths
 * of the predicate {@code Path}. {@link RouteArgumentCheck} checks all other arguments.
 */
final class RoutePartCheck {

	private static final String PREDICATE_SAMPLE = "- " + RouteCheck.PREDICATE_SAMPLE;

	private static final Map<String, String> NOT_INCLUDED = Map.of("RequestRateLimiter",
			"It needs Redis, which Weir does not include. weir.pools.*.backends[].max-concurrent limits requests.",
			"CircuitBreaker", "Remove it. Each backend has a circuit breaker: see resilience4j.circuitbreaker.",
			"TokenRelay", "Remove it. Backends never get the client's token. They get their own credential.",
			"LocalResponseCache", "Remove it. Weir does not cache replies.", "JsonToGrpc",
			"Remove it. Weir does not support gRPC.");

	private final ProblemCollector problems;

	private final RouteFactoryNames factories;

	private final RouteSources sources;

	RoutePartCheck(ProblemCollector problems, RouteFactoryNames factories, RouteSources sources) {
		this.problems = problems;
		this.factories = factories;
		this.sources = sources;
	}

	void checkPredicate(ConfigurationPropertyName at) {
		ConfigurationProperty property = this.sources.find(at);
		if (property == null) {
			checkName(at, this.factories.predicates(), "predicate", PREDICATE_SAMPLE);
			this.sources.below(at.append("args"))
				.stream()
				.filter((argument) -> isPath(at) && this.sources.value(argument).matches("[^/].*[/*].*"))
				.forEach((argument) -> reportPath(argument, this.sources.value(argument)));
			return;
		}
		String text = this.sources.value(property);
		int equals = text.indexOf('=');
		if (equals <= 0) {
			report(property, at, "is not a predicate with a name, = and a value",
					"Write it on one line, such as " + PREDICATE_SAMPLE + ".");
			return;
		}
		String name = text.substring(0, equals).strip();
		checkKnown(property, at, name, this.factories.predicates(), "predicate");
		if (name.equals("Path")) {
			for (String path : text.substring(equals + 1).split(",")) {
				if (!path.strip().startsWith("/") && !path.strip().matches("true|false")) {
					reportPath(property, path.strip());
				}
			}
		}
	}

	private boolean isPath(ConfigurationPropertyName predicate) {
		ConfigurationProperty name = this.sources.find(predicate.append("name"));
		return name != null && this.sources.value(name).equals("Path");
	}

	private void reportPath(ConfigurationProperty property, String path) {
		report(property, property.getName(), "has the path " + path + ", which does not begin with a slash",
				"Write /" + path + ". Without the slash no request matches.");
	}

	void checkFilters(ConfigurationPropertyName list) {
		for (ConfigurationPropertyName at : this.sources.entries(list)) {
			ConfigurationProperty property = this.sources.find(at);
			if (property == null) {
				checkName(at, this.factories.filters(), "filter", "- StripPrefix=1");
			}
			else {
				String text = this.sources.value(property);
				int equals = text.indexOf('=');
				checkKnown(property, at, ((equals >= 0) ? text.substring(0, equals) : text).strip(),
						this.factories.filters(), "filter");
			}
		}
	}

	/** Checks an entry that is a map with name and args. */
	private void checkName(ConfigurationPropertyName at, Set<String> known, String kind, String sample) {
		ConfigurationProperty name = this.sources.find(at.append("name"));
		if (name != null) {
			checkKnown(name, at.append("name"), this.sources.value(name), known, kind);
			return;
		}
		this.sources.below(at)
			.stream()
			.findFirst()
			.ifPresent((first) -> report(first, first.getName(), "is not a valid way to write a " + kind,
					"Write the name, = and the value, such as " + sample + "."));
	}

	private void checkKnown(ConfigurationProperty property, ConfigurationPropertyName at, String name,
			Set<String> known, String kind) {
		if (known.isEmpty() || known.contains(name)) {
			return;
		}
		String notIncluded = NOT_INCLUDED.get(name);
		if (kind.equals("filter") && notIncluded != null) {
			report(property, at, "is the filter " + name + ", which Weir does not include", notIncluded);
			return;
		}
		report(property, at, "is not a known " + kind + ": " + name,
				Suggestion.of(name, known)
					.map((suggestion) -> "Did you mean " + suggestion + "?")
					.orElse("There are " + String.join(", ", known) + "."));
	}

	private void report(ConfigurationProperty property, ConfigurationPropertyName name, String mistake, String cure) {
		this.problems.reportOnce(name, property.getOrigin(), null, mistake, cure);
	}

}
