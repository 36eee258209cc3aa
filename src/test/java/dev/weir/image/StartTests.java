package dev.weir.image;

import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.testcontainers.containers.startupcheck.OneShotStartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.Wait;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How the image starts, by itself and with options.
 */
@RequiresDocker
@Timeout(300)
class StartTests {

	@Test
	void demoServesWithoutFurtherSettingsAndTheHealthCheckSucceeds() throws Exception {
		try (WeirContainer weir = demo()) {
			weir.start();
			for (int i = 0; i < 20; i++) {
				assertThat(weir.chat().statusCode()).isEqualTo(200);
			}
			assertThat(weir.getLogs()).containsPattern("\\(openai[23], attempt 2, after 429 from openai1");
			assertThat(weir.inspect().getConfig().getUser()).isEqualTo("10001:10001");
			while (!weir.inspect().getState().getHealth().getStatus().equals("healthy")) {
				Thread.onSpinWait();
			}
			assertThat(weir.execInContainer("env", "SERVER_PORT=1", "bash", "/app/health").getExitCode()).isNotZero();
		}
	}

	@Test
	void startsFromTheAotCache() {
		// with AOTMode=on Java refuses to start without the cache
		try (WeirContainer weir = demo().withEnv("JAVA_TOOL_OPTIONS", "-XX:AOTMode=on -Xlog:class+load")) {
			weir.start();
			assertThat(weir.getLogs()).contains("dev.weir.failover.AttemptLoop source: shared objects file");
		}
	}

	@Test
	void startsWithoutTheAotCacheWhereOptionsRuleItOut() {
		try (WeirContainer weir = demo().withEnv("JAVA_TOOL_OPTIONS", "-XX:+UseZGC")) {
			weir.start();
			assertThat(weir.chat().statusCode()).isEqualTo(200);
		}
	}

	@Test
	void refusesToStartIfTheRequiredAotCacheDoesNotFit() {
		try (WeirContainer weir = demo().withEnv("JAVA_TOOL_OPTIONS", "-XX:AOTMode=on -XX:+UseZGC")
			.waitingFor(Wait.forLogMessage(".*AOT.*", 1))) {
			weir.start();
			assertThat(weir.awaitExit(Duration.ofSeconds(30))).isOne();
			assertThat(weir.getLogs()).contains("Unable to use AOT cache");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "MaxRAMPercentage * = 60.0", "MaxDirectMemorySize * = 201326592",
			"ExitOnOutOfMemoryError * = true" })
	void limitsTheMemoryOfJavaAndEndsWhenItIsUsedUp(String flag) {
		assertThat(flags("").replaceAll(" +", " ")).containsPattern(flag);
	}

	@Test
	void optionsOfTheUserTakePrecedence() {
		assertThat(flags("-XX:MaxRAMPercentage=33").replaceAll(" +", " ")).contains("MaxRAMPercentage = 33.0");
	}

	@Test
	void aStartWithoutABackendFailsWithInstructions() {
		try (WeirContainer weir = new WeirContainer().waitingFor(Wait.forLogMessage(".*APPLICATION FAILED.*", 1))) {
			weir.start();
			assertThat(weir.awaitExit(Duration.ofSeconds(30))).isOne();
			assertThat(weir.getLogs()).contains("weir.pools: there is no backend", "BACKEND_1_URL");
		}
	}

	@Test
	void doesNotStartOpenUnlessItIsMeantToBe() {
		try (WeirContainer weir = new WeirContainer().withEnv("BACKEND_1_URL", "https://one.example")
			.withEnv("WEIR_OPEN", "false")
			.waitingFor(Wait.forLogMessage(".*WEIR_OPEN=true.*", 1))) {
			weir.start();
			assertThat(weir.awaitExit(Duration.ofSeconds(30))).isOne();
			assertThat(weir.getLogs()).contains("weir.clients", "is reachable from other machines");
		}
	}

	@Test
	void checksAConfigurationWithoutAStart() {
		try (WeirContainer weir = new WeirContainer().withEnv("BACKEND_1_URL", "https://one.example")
			.withCommand("--check")
			.waitingFor(Wait.forLogMessage(".*circuit breaker.*", 1))) {
			weir.start();
			assertThat(weir.awaitExit(Duration.ofSeconds(30))).isZero();
			assertThat(weir.getLogs()).contains("The configuration is valid.", "BACKEND_1", "https://one.example");
		}
		try (WeirContainer weir = new WeirContainer().withCommand("--check")
			.waitingFor(Wait.forLogMessage(".*there is no backend.*", 1))) {
			weir.start();
			assertThat(weir.awaitExit(Duration.ofSeconds(30))).isOne();
			assertThat(weir.getLogs()).contains("The configuration is not valid.").doesNotContain("APPLICATION FAILED");
		}
	}

	private static String flags(String options) {
		try (WeirContainer weir = new WeirContainer().withEnv("JAVA_TOOL_OPTIONS", options)
			.withCreateContainerCmdModifier(
					(command) -> command.withEntrypoint("java", "-XX:+PrintFlagsFinal", "-version"))
			.withStartupCheckStrategy(new OneShotStartupCheckStrategy().withTimeout(Duration.ofSeconds(60)))
			.waitingFor(Wait.forLogMessage(".*", 1))) {
			weir.start();
			return weir.getLogs();
		}
	}

	private static WeirContainer demo() {
		return new WeirContainer().withEnv("SPRING_PROFILES_ACTIVE", "demo");
	}

}
