package dev.weir.gateway;

import java.net.URI;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.context.ApplicationListener;

/**
 * Logs the configured routes at startup. Filters are logged by name only, and predicates
 * that compare with a value are logged without it, since both may contain secrets.
 */
public final class RouteLog implements ApplicationListener<ApplicationReadyEvent> {

	private static final Logger logger = LoggerFactory.getLogger(RouteLog.class);

	/** Predicates whose arguments are not secret. */
	private static final Set<String> PUBLIC = Set.of("Path", "Method", "Host", "Weight", "After", "Before", "Between",
			"RemoteAddr", "XForwardedRemoteAddr");

	private final GatewayProperties gateway;

	RouteLog(GatewayProperties gateway) {
		this.gateway = gateway;
	}

	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		this.gateway.getRoutes().forEach((route) -> logger.info("Route {}", describe(route)));
	}

	/**
	 * Describes a route without values that may be secrets.
	 * @param route the route
	 * @return one line
	 */
	public static String describe(RouteDefinition route) {
		String predicates = route.getPredicates().stream().map(RouteLog::describe).collect(Collectors.joining(" and "));
		String filters = route.getFilters().stream().map(FilterDefinition::getName).collect(Collectors.joining(", "));
		return route.getId() + ": " + predicates + " leads to " + describe(route.getUri())
				+ (filters.isEmpty() ? "" : " with " + filters);
	}

	private static String describe(PredicateDefinition predicate) {
		Collection<String> arguments = predicate.getArgs().values();
		boolean isPublic = PUBLIC.contains(predicate.getName());
		return predicate.getName() + "="
				+ arguments.stream().limit(isPublic ? Long.MAX_VALUE : 1).collect(Collectors.joining(", "))
				+ ((isPublic || arguments.size() <= 1) ? "" : ", …");
	}

	private static String describe(@Nullable URI uri) {
		if (uri == null) {
			return "nothing";
		}
		String authority = (uri.getRawAuthority() != null) ? uri.getRawAuthority().replaceFirst("^.*@", "") : null;
		return (authority != null) ? uri.getScheme() + "://" + authority + uri.getRawPath() : uri.getScheme() + ":…";
	}

}
