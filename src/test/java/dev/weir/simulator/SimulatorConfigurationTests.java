package dev.weir.simulator;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;

import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.core.io.support.SpringFactoriesLoader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class SimulatorConfigurationTests {

	private final ApplicationContextRunner contexts = new ApplicationContextRunner()
		.withUserConfiguration(SimulatorConfiguration.class)
		.withPropertyValues("weir.simulator.backends[0].name=a", "weir.simulator.backends[1].name=b",
				"weir.simulator.backends[1].tokens-per-minute=100");

	@Test
	void noBackendRunsWithoutTheProfile() {
		this.contexts.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(Simulator.class));
	}

	@Test
	void backendsRunUntilTheContextCloses() {
		this.contexts.withPropertyValues("spring.profiles.active=demo").run((context) -> {
			SimulatedBackend backend = context.getBean(Simulator.class).backends().get(1);
			SimulatorClient client = new SimulatorClient(backend.url());
			assertThat(backend.name()).isEqualTo("b");
			assertThat(client.chat().headers().firstValue("x-ratelimit-limit-tokens")).contains("100");
			context.close();
			assertThatIllegalStateException().isThrownBy(new SimulatorClient(backend.url())::chat)
				.withCauseInstanceOf(ConnectException.class);
		});
	}

	@Test
	void backendsStartBeforeTheWebServerAndStopAfterIt() {
		Simulator simulator = new Simulator(new SimulatorProperties(List.of()), Clock.systemUTC());
		assertThat(simulator.getPhase()).isLessThan(WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE);
		assertThat(simulator.isAutoStartup()).isTrue();
	}

	@Test
	void aPortInUseStopsTheStartAndTheErrorNamesTheProperty() throws IOException {
		try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
			int port = taken.getLocalPort();
			this.contexts.withPropertyValues("spring.profiles.active=demo", "weir.simulator.backends[1].port=" + port)
				.run((context) -> {
					assertThat(context).hasFailed();
					FailureAnalysis analysis = analyze(context.getStartupFailure());
					assertThat(analysis.getDescription()).startsWith("A simulated backend could not start: ")
						.contains("weir.simulator.backends[1].port is " + port, "in use");
					assertThat(analysis.getAction()).contains("weir.simulator.backends[1].port",
							Integer.toString(port));
				});
		}
	}

	@Test
	void startedBackendsAreStoppedIfALaterOneCannotStart() throws IOException {
		try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
			Simulator simulator = new Simulator(new SimulatorProperties(List.of(
					SimulatorProperties.Backend.withoutDelay("a", 1),
					new SimulatorProperties.Backend("b", taken.getLocalPort(), 1, Duration.ZERO, Duration.ZERO))),
					Clock.systemUTC());
			assertThatExceptionOfType(SimulatorPortException.class).isThrownBy(simulator::start);
			assertThat(simulator.isRunning()).isFalse();
		}
	}

	@Test
	void invalidSettingsAreRefused() {
		for (String setting : new String[] { "tokens-per-minute=0", "port=65536", "port=-1", "event-interval=-1ms",
				"first-event-delay=-1ms", "name=" }) {
			this.contexts.withPropertyValues("spring.profiles.active=demo", "weir.simulator.backends[0]." + setting)
				.run((context) -> assertThat(context).as(setting).hasFailed());
		}
	}

	private static FailureAnalysis analyze(Throwable failure) {
		return SpringFactoriesLoader.forDefaultResourceLocation()
			.load(FailureAnalyzer.class, SpringFactoriesLoader.FailureHandler.handleMessage((message, ex) -> {
			}))
			.stream()
			.filter(SimulatorPortFailureAnalyzer.class::isInstance)
			.findFirst()
			.orElseThrow()
			.analyze(failure);
	}

}
