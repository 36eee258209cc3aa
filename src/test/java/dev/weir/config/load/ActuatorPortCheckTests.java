package dev.weir.config.load;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class ActuatorPortCheckTests {

	private static SettingsFixture clients() {
		return SettingsFixture.weir("""
				pools.openai.backends[0]: {name: a, url: 'https://a.example'}
				clients:
				  - {name: a, key: key-of-16-letters}
				""");
	}

	@ParameterizedTest
	@CsvSource({ "9090,,port 9090 of all addresses", "0,0.0.0.0,a free port of all addresses",
			"9090,10.0.0.5,port 9090 of 10.0.0.5" })
	void aPortThatOtherMachinesReachIsAWarning(String port, String address, String described) {
		SettingsFixture settings = clients().property("management.server.port", port);
		if (address != null) {
			settings.property("management.server.address", address);
		}
		assertThat(settings.warnings())
			.containsExactly("management.server.port: opens the Actuator without a key on " + described);
	}

	@ParameterizedTest
	@CsvSource({ "9090,127.0.0.1", "9090,::1", "8080,", "-1," })
	void anotherPortIsNone(String port, String address) {
		SettingsFixture settings = clients().property("management.server.port", port);
		if (address != null) {
			settings.property("management.server.address", address);
		}
		assertThat(settings.warnings()).isEmpty();
	}

	@Test
	void operatorsHaveNoEffectOnASeparatePort() {
		assertThat(clients().property("management.server.port", "9090")
			.property("management.server.address", "127.0.0.1")
			.property("weir.operators[0].name", "ops")
			.property("weir.operators[0].key", "key-of-an-operator")
			.warnings()).containsExactly(
					"weir.operators: has no effect, because the Actuator on management.server.port needs no key");
	}

}
