package dev.weir.config;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Checks that there are routes, that Spring Cloud Gateway will be able to read them, and
 * that those to a pool lead to one.
 */
final class RouteRules {

	private static final Set<String> PROPERTIES = Set.of("id", "uri", "predicates", "filters", "metadata", "order",
			"enabled");

	/** What stood one level higher before Spring Cloud Gateway 5. */
	private static final Set<String> MOVED = Set.of("routes", "default-filters", "globalcors", "httpclient", "filter",
			"metrics", "x-forwarded", "forwarded", "route-filter-cache-enabled");

	private static final ConfigurationPropertyName OLD_GATEWAY = ConfigurationPropertyName.of("spring.cloud.gateway");

	private static final String SAMPLE = "Path=/v1/**, /openai/**";

	private static final Pattern POOL_URI = Pattern.compile("lb://([^/?#:]*).*");

	// Spring Cloud Gateway takes these in part, and then finds no pool
	private static final Pattern ODD_POOL_URI = Pattern.compile("(?!lb://)(?i:lb:)");

	private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:(//)?[^\\s]+");

	private static final Pattern REFERENCE = Pattern.compile("\\$\\{([\\w.-]+)[^}]*}");

	private static final Pattern HOST_AND_PORT = Pattern.compile("[\\w.-]+:\\d+(/.*)?");

	private static final Map<String, String> NOT_INCLUDED = Map.of("RequestRateLimiter",
			"It needs Redis, which Weir does not bring. weir.pools.*.backends[].max-concurrent limits requests.",
			"CircuitBreaker", "Remove it: each backend has a circuit breaker, see resilience4j.circuitbreaker.",
			"TokenRelay", "Remove it: clients' tokens never travel to backends, which are sent their own credential.",
			"LocalResponseCache", "Remove it: Weir does not cache replies.", "JsonToGrpc",
			"Remove it: Weir does not speak gRPC.");

	private final Problems problems;

	private final RouteParts parts;

	RouteRules(Problems problems, RouteParts parts) {
		this.problems = problems;
		this.parts = parts;
	}

	void check(ConfigurableEnvironment environment, Set<String> pools) {
		RouteSources sources = new RouteSources(environment);
		checkPlaces(sources);
		List<ConfigurationPropertyName> routes = sources.entries(RouteSources.ROUTES);
		if (routes.isEmpty() || (sources.areDefault() && !pools.isEmpty() && !pools.contains("openai"))) {
			this.problems.report(null,
					new ConfigurationProblem(RouteSources.ROUTES.toString(), null, null, "there is no route",
							"Add one with id, uri: lb://" + pools.stream().findFirst().orElse("NAME")
									+ " and predicates, such as - " + SAMPLE + "."));
			return;
		}
		for (ConfigurationPropertyName route : routes) {
			checkRoute(sources, route, pools);
		}
		checkFilters(sources, RouteSources.DEFAULT_FILTERS);
	}

	private void checkPlaces(RouteSources sources) {
		for (ConfigurationProperty property : sources.everywhereBelow(OLD_GATEWAY)) {
			String child = property.getName().getElement(OLD_GATEWAY.getNumberOfElements(), Form.DASHED);
			if (MOVED.contains(child)) {
				report(property, property.getName().chop(OLD_GATEWAY.getNumberOfElements() + 1), null,
						"is not read, since Spring Cloud Gateway has moved it",
						"Write " + RouteSources.GATEWAY.append(child) + ".");
			}
		}
		for (ConfigurationProperty property : sources.everywhereBelow(RouteSources.GATEWAY)) {
			String child = property.getName().getElement(RouteSources.GATEWAY.getNumberOfElements(), Form.DASHED);
			if (!child.equals("routes") && Suggestion.of(child, Set.of("routes")).isPresent()) {
				report(property, RouteSources.GATEWAY.append(child), null, "there is no such property",
						"Did you mean routes?");
			}
		}
	}

	private void checkRoute(RouteSources sources, ConfigurationPropertyName route, Set<String> pools) {
		if (sources.find(route) != null) {
			// a route on one line, which Spring Cloud Gateway reads in its own way
			return;
		}
		for (ConfigurationProperty property : sources.below(route)) {
			String child = property.getName().getElement(route.getNumberOfElements(), Form.DASHED);
			if (!PROPERTIES.contains(child)) {
				report(property, route.append(child), null, "there is no such property",
						Suggestion.of(child, PROPERTIES)
							.map((suggestion) -> "Did you mean " + suggestion + "?")
							.orElse("A route has id, uri, predicates, filters, metadata and order."));
			}
		}
		ConfigurationProperty uri = sources.find(route.append("uri"));
		if (uri == null) {
			reportMissing(sources, route, "uri", "Write lb:// and the name of a pool.");
		}
		else {
			checkUri(uri, sources.value(uri), pools);
		}
		List<ConfigurationPropertyName> predicates = sources.entries(route.append("predicates"));
		if (predicates.isEmpty()) {
			reportMissing(sources, route, "predicates", "Write below it which requests it takes: - " + SAMPLE + ".");
		}
		predicates.forEach((predicate) -> checkPredicate(sources, predicate));
		checkFilters(sources, route.append("filters"));
	}

	private void checkUri(ConfigurationProperty uri, String value, Set<String> pools) {
		Matcher reference = REFERENCE.matcher(value);
		if (reference.find()) {
			report(uri, uri.getName(), value, "refers to " + reference.group(1) + ", which is not set",
					"Set it, or write the name of the pool.");
			return;
		}
		if (ODD_POOL_URI.matcher(value).lookingAt()) {
			report(uri, uri.getName(), value, "is not how a route names a pool",
					"Write lb:// in lower case and the pool's name behind it.");
			return;
		}
		if (!SCHEME.matcher(value).matches() || HOST_AND_PORT.matcher(value).matches()) {
			report(uri, uri.getName(), value, "has no scheme",
					Suggestion.of(value, pools)
						.map((pool) -> "Write lb://" + pool + " for the pool of that name.")
						.orElse("Write lb:// and the name of a pool, or http:// and a host."));
			return;
		}
		Matcher target = POOL_URI.matcher(value);
		if (target.matches() && !pools.isEmpty() && !pools.contains(target.group(1))) {
			String cure = Suggestion.of(target.group(1), pools)
				.map((suggestion) -> "Did you mean lb://" + suggestion + "? ")
				.orElse("");
			report(uri, uri.getName(), value, "leads to no pool",
					cure + "The pools are " + String.join(", ", pools) + ".");
		}
	}

	private void checkPredicate(RouteSources sources, ConfigurationPropertyName at) {
		ConfigurationProperty property = sources.find(at);
		if (property == null) {
			checkName(sources, at, this.parts.predicates(), "predicate", "- " + SAMPLE);
			sources.below(at.append("args"))
				.stream()
				.filter((argument) -> isPath(sources, at) && sources.value(argument).matches("[^/].*[/*].*"))
				.forEach((argument) -> reportPath(argument, sources.value(argument)));
			return;
		}
		String text = sources.value(property);
		int equals = text.indexOf('=');
		if (equals <= 0) {
			report(property, at, null, "is no predicate, which has a name, = and a value",
					"Write it on one line, such as - " + SAMPLE + ".");
			return;
		}
		String name = text.substring(0, equals).strip();
		checkKnown(property, at, name, this.parts.predicates(), "predicate");
		if (name.equals("Path")) {
			for (String path : text.substring(equals + 1).split(",")) {
				if (!path.strip().startsWith("/") && !path.strip().matches("true|false")) {
					reportPath(property, path.strip());
				}
			}
		}
	}

	private static boolean isPath(RouteSources sources, ConfigurationPropertyName predicate) {
		ConfigurationProperty name = sources.find(predicate.append("name"));
		return name != null && sources.value(name).equals("Path");
	}

	private void reportPath(ConfigurationProperty property, String path) {
		report(property, property.getName(), null, "has the path " + path + ", which begins with no slash",
				"Write /" + path + "; no request would match it as it is.");
	}

	private void checkFilters(RouteSources sources, ConfigurationPropertyName list) {
		for (ConfigurationPropertyName at : sources.entries(list)) {
			ConfigurationProperty property = sources.find(at);
			if (property == null) {
				checkName(sources, at, this.parts.filters(), "filter", "- StripPrefix=1");
			}
			else {
				String text = sources.value(property);
				int equals = text.indexOf('=');
				checkKnown(property, at, ((equals >= 0) ? text.substring(0, equals) : text).strip(),
						this.parts.filters(), "filter");
			}
		}
	}

	/** Of an entry with properties of its own: name, and args as a map. */
	private void checkName(RouteSources sources, ConfigurationPropertyName at, Set<String> known, String kind,
			String sample) {
		ConfigurationProperty name = sources.find(at.append("name"));
		if (name != null) {
			checkKnown(name, at.append("name"), sources.value(name), known, kind);
			return;
		}
		sources.below(at)
			.stream()
			.findFirst()
			.ifPresent((first) -> report(first, first.getName(), null, "is not how a " + kind + " is written",
					"Write name and value with = between them, such as " + sample + "."));
	}

	private void checkKnown(ConfigurationProperty property, ConfigurationPropertyName at, String name,
			Set<String> known, String kind) {
		if (known.isEmpty() || known.contains(name)) {
			return;
		}
		String notIncluded = NOT_INCLUDED.get(name);
		if (kind.equals("filter") && notIncluded != null) {
			report(property, at, null, "names the filter " + name + ", which Weir does not include", notIncluded);
			return;
		}
		report(property, at, null, "names no " + kind + " that there is: " + name,
				Suggestion.of(name, known)
					.map((suggestion) -> "Did you mean " + suggestion + "?")
					.orElse("There are " + String.join(", ", known) + "."));
	}

	private void reportMissing(RouteSources sources, ConfigurationPropertyName route, String property, String cure) {
		ConfigurationProperty beside = sources.below(route).stream().findFirst().orElse(null);
		this.problems.reportOnce(route.append(property), (beside != null) ? beside.getOrigin() : null, null,
				"is missing", cure);
	}

	private void report(ConfigurationProperty property, ConfigurationPropertyName name, @Nullable String value,
			String mistake, String cure) {
		this.problems.reportOnce(name, property.getOrigin(), value, mistake, cure);
	}

}
