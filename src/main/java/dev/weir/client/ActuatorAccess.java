package dev.weir.client;

import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.context.ApplicationContext;
import org.springframework.http.server.PathContainer;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

import dev.weir.config.ActuatorPort;

/**
 * Who may read which path of the Actuator. Paths are matched as Spring matches them, so
 * that no other way of writing one leads past this.
 */
final class ActuatorAccess {

	private final ApplicationContext context;

	private final ActuatorPort port;

	private final BooleanSupplier open;

	private final Supplier<Paths> paths;

	private volatile @Nullable Paths known;

	/**
	 * Creates the rules.
	 * @param context the context of the main server; another one belongs to a separate
	 * management port, which needs no key
	 * @param port where the Actuator is served
	 * @param open whether everybody may read everything
	 * @param paths the paths of the Actuator, asked for once; if it is not on the main
	 * server, those where it is looked for there
	 */
	ActuatorAccess(ApplicationContext context, ActuatorPort port, BooleanSupplier open, Supplier<Paths> paths) {
		this.context = context;
		this.port = port;
		this.open = open;
		this.paths = paths;
	}

	/**
	 * Who may send a request.
	 * @param exchange the request
	 * @return the rule for its path
	 */
	Access of(ServerWebExchange exchange) {
		if (exchange.getApplicationContext() != this.context) {
			return Access.OPEN;
		}
		Paths actuator = paths();
		PathContainer path = exchange.getRequest().getPath().pathWithinApplication();
		if (!actuator.mayContain(path)) {
			return Access.NOT_ACTUATOR;
		}
		if (matches(actuator.open(), path)) {
			return Access.OPEN;
		}
		if (!matches(actuator.all(), path)) {
			return Access.NOT_ACTUATOR;
		}
		if (this.port.kind() != ActuatorPort.Kind.MAIN) {
			return Access.ELSEWHERE;
		}
		return this.open.getAsBoolean() ? Access.OPEN : Access.OPERATORS;
	}

	/**
	 * Describes where the Actuator is, if not on the main server.
	 * @return a sentence for operators
	 */
	String describeElsewhere() {
		return this.port.isSeparate()
				? "The Actuator is not on this port but on " + this.port.describe()
						+ " (management.server.port), and needs no key there."
				: "The Actuator is switched off (management.server.port).";
	}

	private static boolean matches(List<PathPattern> patterns, PathContainer path) {
		for (PathPattern pattern : patterns) {
			if (pattern.matches(path)) {
				return true;
			}
		}
		return false;
	}

	private Paths paths() {
		Paths current = this.known;
		if (current == null) {
			current = this.paths.get();
			this.known = current;
		}
		return current;
	}

	/**
	 * The rule for a path.
	 */
	enum Access {

		/** Everybody may read it. */
		OPEN,

		/** An operator may read it. */
		OPERATORS,

		/** It would belong to the Actuator, which is not on the main server. */
		ELSEWHERE,

		/** It does not belong to the Actuator. */
		NOT_ACTUATOR

	}

	/**
	 * The paths of the Actuator on the main server.
	 *
	 * @param all all of them
	 * @param open those of liveness and readiness
	 * @param firstSegments with which they begin, so that all other requests cost little
	 */
	record Paths(List<PathPattern> all, List<PathPattern> open, Set<String> firstSegments) {

		/**
		 * Compiles paths.
		 * @param endpoints the paths of the endpoints, each with everything below it
		 * @param probes the paths of liveness and readiness
		 * @return the paths
		 */
		static Paths of(List<String> endpoints, List<String> probes) {
			return new Paths(
					endpoints.stream().flatMap((path) -> Stream.of(path, path + "/**")).map(Paths::parse).toList(),
					probes.stream().map(Paths::parse).toList(),
					Stream.concat(endpoints.stream(), probes.stream())
						.map((path) -> path.split("/")[1])
						.collect(Collectors.toUnmodifiableSet()));
		}

		boolean mayContain(PathContainer path) {
			for (PathContainer.Element element : path.elements()) {
				if (element instanceof PathContainer.PathSegment segment) {
					return this.firstSegments.contains(segment.valueToMatch());
				}
			}
			return false;
		}

		private static PathPattern parse(String path) {
			return PathPatternParser.defaultInstance.parse(path);
		}

	}

}
