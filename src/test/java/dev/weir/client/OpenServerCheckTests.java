package dev.weir.client;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.backend.RefusedConfigurationException;
import dev.weir.config.ActuatorPort;
import dev.weir.config.WeirProperties;

import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@ExtendWith(OutputCaptureExtension.class)
class OpenServerCheckTests {

	private static final WeirProperties NONE = properties(Map.of());

	private static final WeirProperties OPEN = properties(Map.of("weir.open", "true"));

	private static final WeirProperties CLIENT = properties(
			Map.of("weir.clients[0].name", "chat", "weir.clients[0].key", "chat-key-0123456789"));

	private static WeirProperties properties(Map<String, String> values) {
		return new Binder(List.of(new MapConfigurationPropertySource(values))).bindOrCreate("weir",
				Bindable.of(WeirProperties.class));
	}

	private static PoolSet pools(WeirProperties properties) {
		return new Pools(properties, CircuitBreakerRegistry.ofDefaults(), () -> 0).current();
	}

	@Test
	void withoutAnAddressTheSettingsDecide() throws UnknownHostException {
		assertThat(Reachability.of(null, NONE, false).onlyFromThisMachine()).isTrue();
		assertThat(Reachability.of(null, OPEN, false).onlyFromThisMachine()).isFalse();
		assertThat(Reachability.of(null, CLIENT, false).onlyFromThisMachine()).isFalse();
		assertThat(Reachability.of(InetAddress.getByName("127.0.0.1"), CLIENT, false).onlyFromThisMachine()).isTrue();
		assertThat(Reachability.of(InetAddress.getByName("10.0.0.1"), NONE, false).onlyFromThisMachine()).isFalse();
	}

	@Test
	void aReachableWeirKeepsAClientOrIsMeantToBeOpen() {
		OpenServerCheck check = new OpenServerCheck(new Reachability(false, false), true, ActuatorPort.MAIN, CLIENT);
		assertThatExceptionOfType(RefusedConfigurationException.class).isThrownBy(() -> check.prepare(pools(NONE)))
			.withMessageContaining("weir.clients");
		check.prepare(pools(OPEN));
		check.prepare(pools(CLIENT));
	}

	@Test
	void theRemovalOfTheLastClientIsLogged(CapturedOutput output) {
		OpenServerCheck check = new OpenServerCheck(new Reachability(true, false), false, ActuatorPort.MAIN, CLIENT);
		check.onApplied(pools(CLIENT));
		assertThat(output).doesNotContain("no clients");
		check.onApplied(pools(NONE));
		check.onApplied(pools(NONE));
		assertThat(output).containsOnlyOnce(
				"There are no clients (weir.clients) any more: requests now need no key, and neither does the Actuator");
	}

	@Test
	void theFirstClientOfALocalWeirIsServedAfterTheNextStart(CapturedOutput output) {
		OpenServerCheck check = new OpenServerCheck(new Reachability(true, false), true, ActuatorPort.MAIN, NONE);
		check.prepare(pools(NONE));
		check.onApplied(pools(NONE));
		assertThat(output).doesNotContain("Start it again");
		check.onApplied(pools(CLIENT));
		check.onApplied(pools(CLIENT));
		assertThat(output).containsOnlyOnce("Weir continues to serve this machine only")
			.contains("Start it again")
			.containsOnlyOnce("there is no operator (weir.operators)");
	}

}
