package dev.weir.config.load;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.validation.BindValidationException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.route.RouteDefinitionRouteLocator;
import org.springframework.cloud.gateway.support.ConfigurationService;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.ClassUtils;
import org.springframework.validation.FieldError;
import org.springframework.validation.Validator;

/**
 * Creates each predicate and each filter of the configured routes once, after all beans
 * exist, so that an invalid argument is reported as a mistake in the configuration and
 * not as a stack trace. Only the factories of predicates and filters know which arguments
 * are valid.
 */
final class RouteArgumentCheck implements SmartInitializingSingleton {

	private static final PredicateDefinition ANY_PATH = new PredicateDefinition("Path=/**");

	private final ConfigurableEnvironment environment;

	private final GatewayProperties gateway;

	private final RouteDefinitionRouteLocator routes;

	private RouteDefinition route = new RouteDefinition();

	/**
	 * Creates the check.
	 * @param environment the environment with the routes
	 * @param gateway the routes
	 * @param predicates the factories of predicates
	 * @param filters the factories of filters
	 * @param beans the beans that arguments can refer to
	 */
	@SuppressWarnings("rawtypes") // as in the gateway itself
	RouteArgumentCheck(ConfigurableEnvironment environment, GatewayProperties gateway,
			List<RoutePredicateFactory> predicates, List<GatewayFilterFactory> filters, BeanFactory beans) {
		this.environment = environment;
		this.gateway = gateway;
		ConfigurationService values = new ConfigurationService(beans, beans.getBeanProvider(ConversionService.class),
				beans.getBeanProvider(Validator.class));
		// other beans must not receive events of routes that serve no request
		values.setApplicationEventPublisher((event) -> {
		});
		this.routes = new RouteDefinitionRouteLocator(() -> Flux.defer(() -> Flux.just(this.route)), predicates,
				filters, new GatewayProperties(), values);
	}

	@Override
	public void afterSingletonsInstantiated() {
		check(this.environment, this.gateway);
	}

	/**
	 * Checks the routes and the default filters.
	 * @param where the environment that they are from
	 * @param settings the routes and the default filters
	 * @throws InvalidConfigurationException if there is any mistake
	 */
	synchronized void check(ConfigurableEnvironment where, GatewayProperties settings) {
		List<ConfigurationProblem> problems = new ArrayList<>();
		RouteSources sources = new RouteSources(where);
		for (int i = 0; i < settings.getRoutes().size(); i++) {
			ConfigurationPropertyName at = RouteSources.ROUTES.append("[" + i + "]");
			RouteDefinition written = settings.getRoutes().get(i);
			for (int j = 0; j < written.getPredicates().size(); j++) {
				PredicateDefinition predicate = written.getPredicates().get(j);
				check(at.append("predicates[" + j + "]"), "predicate " + predicate.getName(), predicate, List.of())
					.ifPresent((mistake) -> problems.add(mistake.in(sources)));
			}
			checkFilters(at.append("filters"), written.getFilters(), sources, problems);
		}
		checkFilters(RouteSources.DEFAULT_FILTERS, settings.getDefaultFilters(), sources, problems);
		if (!problems.isEmpty()) {
			throw new InvalidConfigurationException(problems, ConfigurationLocations.of(where).toString());
		}
	}

	private void checkFilters(ConfigurationPropertyName list, List<FilterDefinition> filters, RouteSources sources,
			List<ConfigurationProblem> problems) {
		for (int i = 0; i < filters.size(); i++) {
			FilterDefinition filter = filters.get(i);
			check(list.append("[" + i + "]"), "filter " + filter.getName(), ANY_PATH, List.of(filter))
				.ifPresent((mistake) -> problems.add(mistake.in(sources)));
		}
	}

	private Optional<Mistake> check(ConfigurationPropertyName at, String part, PredicateDefinition predicate,
			List<FilterDefinition> filters) {
		this.route = new RouteDefinition();
		this.route.setId("check");
		this.route.setUri(URI.create("lb://check"));
		this.route.setPredicates(List.of(predicate));
		this.route.setFilters(filters);
		AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
		// the route is created synchronously
		Disposable unused = this.routes.getRoutes().subscribe((created) -> {
		}, failure::set);
		return Optional.ofNullable(failure.get()).map((error) -> new Mistake(at, part, error));
	}

	/** The reason without the value, which may be a secret. */
	private static String reason(Throwable error) {
		for (Throwable cause = error; cause != null; cause = cause.getCause()) {
			if (cause instanceof PatternSyntaxException pattern) {
				return ": its regular expression has an error, " + pattern.getDescription();
			}
			if (cause instanceof BindValidationException invalid) {
				return invalid.getValidationErrors()
					.getAllErrors()
					.stream()
					.map((detail) -> ((detail instanceof FieldError field) ? field.getField() + " " : "")
							+ detail.getDefaultMessage())
					.collect(Collectors.joining(", ", ": ", ""));
			}
			if (cause instanceof BindException bind && !(bind.getCause() instanceof BindValidationException)) {
				return ": " + bind.getName() + " must be " + expected(bind.getTarget().getType().resolve(Object.class));
			}
		}
		return "";
	}

	private static String expected(Class<?> type) {
		Class<?> boxed = ClassUtils.resolvePrimitiveIfNecessary(type);
		return (boxed == Integer.class || boxed == Long.class) ? "a whole number"
				: (boxed == Boolean.class) ? "true or false" : "of the type " + type.getSimpleName();
	}

	/**
	 * A predicate or filter that cannot be created.
	 *
	 * @param at its property
	 * @param part its kind and name
	 * @param error why it cannot be created
	 */
	private record Mistake(ConfigurationPropertyName at, String part, Throwable error) {

		ConfigurationProblem in(RouteSources sources) {
			ConfigurationProperty property = sources.find(this.at);
			if (property == null) {
				property = sources.below(this.at).stream().findFirst().orElse(null);
			}
			return new ConfigurationProblem(this.at.toString(), null,
					(property != null) ? OriginDescriber.describe(property.getOrigin()) : null,
					"has a value that is invalid for the " + this.part + reason(this.error),
					"See Spring Cloud Gateway's documentation of the " + this.part + ".");
		}

	}

}
