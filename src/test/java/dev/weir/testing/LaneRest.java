package dev.weir.testing;

import java.time.Duration;
import java.util.List;

import com.jayway.jsonpath.JsonPath;

/**
 * What Weir's Actuator says of how long a lane still rests.
 */
public final class LaneRest {

	private LaneRest() {
	}

	/**
	 * Asks Weir.
	 * @param weir the running Weir
	 * @param backend the backend's name
	 * @param model the lane's model
	 * @return the rest left, zero if it does not rest or was never used
	 */
	public static Duration of(WeirServer weir, String backend, String model) {
		String report = weir.get("/actuator/backends/" + backend).body();
		List<Number> millis = JsonPath.read(report, "$.lanes[?(@.model == '" + model + "')].restLeftMillis");
		return millis.isEmpty() ? Duration.ZERO : Duration.ofMillis(millis.get(0).longValue());
	}

	/**
	 * Asks Weir for the lane of the model that the sample bodies name.
	 * @param weir the running Weir
	 * @param backend the backend's name
	 * @return the rest left, zero if it does not rest or was never used
	 */
	public static Duration of(WeirServer weir, String backend) {
		return of(weir, backend, "gpt-4o");
	}

}
