package dev.weir.config.load;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class DrainDelayCheckTests {

	private static final String SHUTDOWN = "spring.lifecycle.timeout-per-shutdown-phase";

	@Test
	void reportsADelayThatSpringWouldCutOff() {
		assertThat(SettingsFixture.pool("").property("weir.drain-delay", "31s").mistakes()).singleElement()
			.asString()
			.contains("weir.drain-delay = 31s")
			.contains("longer than " + SHUTDOWN + " (30000ms)");
	}

	@Test
	void acceptsADelayAsLongAsTheShutdownPhase() {
		assertThat(SettingsFixture.pool("").property("weir.drain-delay", "30s").load().drainDelay()).hasSeconds(30);
		assertThat(SettingsFixture.pool("")
			.property("weir.drain-delay", "40s")
			.property(SHUTDOWN, "1m")
			.load()
			.drainDelay()).hasSeconds(40);
	}

	@Test
	void ignoresAnInvalidPropertyOfSpring() {
		assertThat(SettingsFixture.pool("").property(SHUTDOWN, "soon").load()).isNotNull();
	}

}
