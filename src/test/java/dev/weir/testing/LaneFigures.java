package dev.weir.testing;

import java.time.Duration;

import com.jayway.jsonpath.DocumentContext;
import com.jayway.jsonpath.JsonPath;
import org.awaitility.Awaitility;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The figures that Weir's Actuator reports for a backend with one lane in use.
 *
 * @param inFlight attempts that run
 * @param attempts attempts that have begun
 * @param served attempts that were served
 * @param failed attempts that failed
 * @param breakerFailures failures that its circuit breaker has counted
 */
public record LaneFigures(int inFlight, int attempts, int served, int failed, int breakerFailures) {

	/** One attempt, which was served. */
	public static final LaneFigures SERVED_ONCE = new LaneFigures(0, 1, 1, 0, 0);

	/** One attempt, which failed and counts in the circuit breaker. */
	public static final LaneFigures FAILED_ONCE = new LaneFigures(0, 1, 0, 1, 1);

	/** One attempt, which was neither served nor a failure. */
	public static final LaneFigures NEITHER_ONCE = new LaneFigures(0, 1, 0, 0, 0);

	/**
	 * Reads the figures.
	 * @param weir the running Weir
	 * @param backend the backend's name
	 * @return the figures
	 */
	public static LaneFigures of(WeirServer weir, String backend) {
		DocumentContext report = JsonPath.parse(weir.get("/actuator/backends/" + backend).body());
		DocumentContext breakers = JsonPath.parse(weir.get("/actuator/circuitbreakers").body());
		String counts = "$.lanes[0].counts.";
		return new LaneFigures(report.read(counts + "inFlight"), report.read(counts + "attempts"),
				report.read(counts + "served"), report.read(counts + "failed"),
				breakers.read("$.circuitBreakers['" + backend + "'].failedCalls"));
	}

	/**
	 * Waits until the figures are as expected, 5 seconds at most: Weir counts an attempt
	 * when it has ended, which may be after its reply.
	 * @param weir the running Weir
	 * @param backend the backend's name
	 * @param expected the figures
	 */
	public static void await(WeirServer weir, String backend, LaneFigures expected) {
		Awaitility.await()
			.atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(of(weir, backend)).isEqualTo(expected));
	}

}
