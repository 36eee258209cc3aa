package dev.weir.failover;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The rules hold for random behaviour of backends and clients. Every schedule is
 * generated from its seed: {@code -Dweir.schedules.seed=7} repeats the one of a failure,
 * and {@code -Dweir.schedules=20000} runs more of them.
 */
class RandomSchedulesTests {

	private static final LoggingSystem LOGGING = LoggingSystem.get(RandomSchedulesTests.class.getClassLoader());

	@BeforeAll
	static void beQuiet() {
		LOGGING.setLogLevel("dev.weir", LogLevel.OFF);
	}

	@AfterAll
	static void speakAgain() {
		LOGGING.setLogLevel("dev.weir", null);
	}

	@Test
	void theRulesHoldInRandomSchedules() {
		Long seed = Long.getLong("weir.schedules.seed");
		play((seed != null) ? seed : 0, (seed != null) ? 1 : 300);
	}

	@Test
	@Tag("soak")
	void theRulesHoldInManySchedules() {
		play(300, Long.getLong("weir.schedules", 3000));
	}

	private static void play(long first, long count) {
		List<String> found = new ArrayList<>();
		for (long next = first; next < first + count && found.size() < 5; next++) {
			List<String> violations = new ScheduleRun(Schedule.of(next)).play();
			if (!violations.isEmpty()) {
				found.add("seed " + next + ": " + violations.size() + " violations, first " + violations.get(0));
			}
		}
		assertThat(found).isEmpty();
	}

	@Test
	void aBoundRequestNeverReachesAnotherBackendInRandomSchedules() {
		Long seed = Long.getLong("weir.schedules.seed");
		long first = (seed != null) ? seed : 0;
		List<String> found = new ArrayList<>();
		for (long next = first; next < first + ((seed != null) ? 1 : 300) && found.size() < 5; next++) {
			List<String> violations = new ScheduleRun(Schedule.of(next)).playBound();
			if (!violations.isEmpty()) {
				found.add("seed " + next + ": " + violations.size() + " violations, first " + violations.get(0));
			}
		}
		assertThat(found).isEmpty();
	}

	@Test
	void anErrorReadTogetherWithTheEndOfItsStreamIsNotARegularEnd() {
		Schedule schedule = new Schedule(1, Map.of("resume", "true"),
				List.of(backend(0, Fault.ERROR_LATER), backend(1, Fault.SERVE)), Schedule.Breaker.never(), 0,
				List.of(new Schedule.Call(0, 0, Schedule.Kind.STREAM, "m1", -1, 400)));
		assertThat(new ScheduleRun(schedule).play()).isEmpty();
	}

	private static Schedule.Place backend(int number, Fault fault) {
		return new Schedule.Place("b" + number, 1 + number, 1, true, 100, List.of(new Schedule.Phase(0, fault, 100)));
	}

}
