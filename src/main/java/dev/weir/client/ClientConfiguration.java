package dev.weir.client;

import java.net.InetAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;

import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.boot.health.actuate.endpoint.AdditionalHealthEndpointPath;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroup;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.util.StringUtils;

import dev.weir.config.ActuatorPort;
import dev.weir.config.ListenerTls;
import dev.weir.config.LiveConfiguration;
import dev.weir.request.IssuedKeys;
import dev.weir.request.RefusalLog;

/**
 * Identifies clients and operators, and keeps a Weir that knows no clients on this
 * machine.
 */
@Configuration(proxyBeanMethods = false)
class ClientConfiguration {

	private static final Profiles DEMO = Profiles.of("demo");

	private static final List<String> PROBES = List.of("liveness", "readiness");

	@Bean
	Reachability reachability(ServerProperties server, LiveConfiguration configuration, Environment environment) {
		return Reachability.of(server.getAddress(), configuration.current(), environment.acceptsProfiles(DEMO));
	}

	/**
	 * Runs after Spring Boot's customizer, which sets {@code server.address}. An address
	 * such as 0.0.0.0 means all interfaces, those of IPv6 included.
	 */
	@Bean
	@Order(Ordered.LOWEST_PRECEDENCE)
	WebServerFactoryCustomizer<NettyReactiveWebServerFactory> loopbackWithoutClients(ServerProperties server,
			Reachability reachability) {
		return (factory) -> {
			InetAddress address = server.getAddress();
			if (address == null && reachability.onlyFromThisMachine()) {
				factory.setAddress(InetAddress.getLoopbackAddress());
			}
			else if (address != null && address.isAnyLocalAddress()) {
				factory.setAddress(null);
			}
		};
	}

	@Bean
	OpenServerCheck openServerCheck(Reachability reachability, ServerProperties server, ActuatorPort actuator,
			LiveConfiguration configuration) {
		return new OpenServerCheck(reachability, server.getAddress() == null, actuator, configuration.current());
	}

	@Bean
	RefusalLog refusalLog(Ticker ticker) {
		return new RefusalLog(ticker);
	}

	@Bean
	AccessNotice accessNotice(LiveConfiguration configuration, Reachability reachability, ActuatorPort actuator) {
		return new AccessNotice(configuration, reachability, actuator);
	}

	@Bean
	EntraKeySets entraKeySets(LiveConfiguration configuration, Scheduler timers, Ticker ticker) {
		return new EntraKeySets(configuration.current().entra(), timers, ticker);
	}

	@Bean
	Authenticator authenticator(LiveConfiguration configuration, IssuedKeys issued, EntraKeySets keySets,
			InstantSource clock, Ticker ticker, ListenerTls listener) {
		return new Authenticator(configuration.current(), issued, keySets, clock, ticker, listener.verifiesClients());
	}

	@Bean
	ActuatorAccess actuatorAccess(Reachability reachability, LiveConfiguration configuration, ActuatorPort port,
			ApplicationContext context) {
		return new ActuatorAccess(context, port, () -> reachability.isActuatorOpen(configuration.current()),
				() -> paths(context, port));
	}

	@Bean
	AuthenticationFilter authenticationFilter(Authenticator authenticator, ActuatorAccess actuator, RefusalLog refusals,
			MeterRegistry meters) {
		return new AuthenticationFilter(authenticator, actuator, refusals, meters);
	}

	private static ActuatorAccess.Paths paths(ApplicationContext context, ActuatorPort port) {
		HealthEndpointGroups groups = context.getBean(HealthEndpointGroups.class);
		List<String> probes = new ArrayList<>();
		for (String name : PROBES) {
			String additional = additionalPath(groups.get(name));
			if (additional != null) {
				probes.add(additional);
			}
		}
		if (port.kind() != ActuatorPort.Kind.MAIN) {
			String base = StringUtils.trimTrailingCharacter(
					context.getEnvironment().getProperty("management.endpoints.web.base-path", "/actuator"), '/');
			return ActuatorAccess.Paths.of(base.startsWith("/") ? List.of(base) : List.of(), probes);
		}
		PathMappedEndpoints endpoints = context.getBean(PathMappedEndpoints.class);
		List<String> all = new ArrayList<>(endpoints.getAllPaths());
		if (endpoints.getBasePath().length() > 1) {
			all.add(endpoints.getBasePath());
		}
		String health = endpoints.getPath(EndpointId.of("health"));
		if (health != null) {
			PROBES.forEach((name) -> probes.add(health + "/" + name));
		}
		return ActuatorAccess.Paths.of(all, probes);
	}

	private static @Nullable String additionalPath(@Nullable HealthEndpointGroup group) {
		AdditionalHealthEndpointPath path = (group != null) ? group.getAdditionalPath() : null;
		return (path != null) ? "/" + path.getValue().replaceFirst("^/", "") : null;
	}

}
