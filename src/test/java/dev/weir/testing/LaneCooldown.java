package dev.weir.testing;

import java.time.Duration;
import java.util.List;

import com.jayway.jsonpath.JsonPath;

/**
 * Reads the remaining cooldown of a lane from {@code /actuator/backends}.
 */
public final class LaneCooldown {

	private LaneCooldown() {
	}

	/**
	 * Reads the remaining cooldown of a lane.
	 * @param weir the running Weir
	 * @param backend the name of the backend
	 * @param model the model of the lane
	 * @return the remaining cooldown, zero if the lane is in none or was never used
	 */
	public static Duration of(WeirServer weir, String backend, String model) {
		String report = weir.get("/actuator/backends/" + backend).body();
		List<Number> millis = JsonPath.read(report, "$.lanes[?(@.model == '" + model + "')].cooldownRemainingMillis");
		return millis.isEmpty() ? Duration.ZERO : Duration.ofMillis(millis.get(0).longValue());
	}

	/**
	 * Reads the remaining cooldown of the lane of the model in {@link Bodies}.
	 * @param weir the running Weir
	 * @param backend the name of the backend
	 * @return the remaining cooldown, zero if the lane is in none or was never used
	 */
	public static Duration of(WeirServer weir, String backend) {
		return of(weir, backend, "gpt-4o");
	}

}
