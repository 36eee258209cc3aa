package dev.weir.config.load;

import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.core.env.ConfigurableEnvironment;

import dev.weir.config.Suggestion;

/**
 * Checks that there are routes, that Spring Cloud Gateway can read them, and that the
 * pools they refer to exist.
 */
final class RouteCheck {

	private static final Set<String> PROPERTIES = Set.of("id", "uri", "predicates", "filters", "metadata", "order",
			"enabled");

	/** Properties that were one level higher before Spring Cloud Gateway 5. */
	private static final Set<String> MOVED = Set.of("routes", "default-filters", "globalcors", "httpclient", "filter",
			"metrics", "x-forwarded", "forwarded", "route-filter-cache-enabled");

	private static final ConfigurationPropertyName OLD_GATEWAY = ConfigurationPropertyName.of("spring.cloud.gateway");

	static final String PREDICATE_SAMPLE = "Path=/v1/**, /openai/**";

	private static final Pattern POOL_URI = Pattern.compile("lb://([^/?#:]*).*");

	// Spring Cloud Gateway accepts these URIs, but finds no pool for them
	private static final Pattern INVALID_POOL_URI = Pattern.compile("(?!lb://)(?i:lb:)");

	private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:(//)?[^\\s]+");

	private static final Pattern REFERENCE = Pattern.compile("\\$\\{([\\w.-]+)[^}]*}");

	private static final Pattern HOST_AND_PORT = Pattern.compile("[\\w.-]+:\\d+(/.*)?");

	private final ProblemCollector problems;

	private final RouteFactoryNames factories;

	RouteCheck(ProblemCollector problems, RouteFactoryNames factories) {
		this.problems = problems;
		this.factories = factories;
	}

	void check(ConfigurableEnvironment environment, Set<String> pools) {
		RouteSources sources = new RouteSources(environment);
		checkRenamedProperties(sources);
		List<ConfigurationPropertyName> routes = sources.entries(RouteSources.ROUTES);
		ConfigurationProperty single = sources.find(RouteSources.ROUTES);
		if (single != null && sources.value(single).isEmpty()) {
			report(single, RouteSources.ROUTES, null, "is present, but empty, so that there is no route",
					"Remove it to use the default route to the pool openai, or add a route.");
			return;
		}
		if (routes.isEmpty() || (sources.areDefault() && !pools.isEmpty() && !pools.contains("openai"))) {
			this.problems.report(null,
					new ConfigurationProblem(RouteSources.ROUTES.toString(), null, null, "there is no route",
							"Add one with id, uri: lb://" + pools.stream().findFirst().orElse("NAME")
									+ " and predicates, such as - " + PREDICATE_SAMPLE + "."));
			return;
		}
		RoutePartCheck partCheck = new RoutePartCheck(this.problems, this.factories, sources);
		for (ConfigurationPropertyName route : routes) {
			checkRoute(sources, route, pools, partCheck);
		}
		partCheck.checkFilters(RouteSources.DEFAULT_FILTERS);
	}

	private void checkRenamedProperties(RouteSources sources) {
		for (ConfigurationProperty property : sources.everywhereBelow(OLD_GATEWAY)) {
			String child = property.getName().getElement(OLD_GATEWAY.getNumberOfElements(), Form.DASHED);
			if (MOVED.contains(child)) {
				report(property, property.getName().chop(OLD_GATEWAY.getNumberOfElements() + 1), null,
						"is not read, because Spring Cloud Gateway 5 has moved it",
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

	private void checkRoute(RouteSources sources, ConfigurationPropertyName route, Set<String> pools,
			RoutePartCheck partCheck) {
		if (sources.find(route) != null) {
			// Spring Cloud Gateway itself parses a route on one line
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
			reportMissing(sources, route, "predicates",
					"Add the requests that the route takes, such as - " + PREDICATE_SAMPLE + ".");
		}
		predicates.forEach(partCheck::checkPredicate);
		partCheck.checkFilters(route.append("filters"));
	}

	private void checkUri(ConfigurationProperty uri, String value, Set<String> pools) {
		Matcher reference = REFERENCE.matcher(value);
		if (reference.find()) {
			report(uri, uri.getName(), value, "refers to " + reference.group(1) + ", which is not set",
					"Set it, or write the name of the pool.");
			return;
		}
		if (INVALID_POOL_URI.matcher(value).lookingAt()) {
			report(uri, uri.getName(), value, "is not a valid reference to a pool",
					"Write lb:// in lower case and the name of the pool.");
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
			report(uri, uri.getName(), value, "refers to a pool that does not exist",
					cure + "The pools are " + String.join(", ", pools) + ".");
		}
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
