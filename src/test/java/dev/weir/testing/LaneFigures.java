package dev.weir.testing;

import com.jayway.jsonpath.DocumentContext;
import com.jayway.jsonpath.JsonPath;

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

}
