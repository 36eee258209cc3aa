package dev.weir.simulator;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * How a simulated backend behaves. A {@code POST /simulator/<mode>}, with the name in
 * lower case, changes it.
 */
enum Mode {

	/** Serves requests as far as its quota goes. */
	OK,

	/** Responds with 503. */
	DOWN,

	/** Responds with 429 and a delay of 20 seconds. */
	THROTTLE,

	/** Accepts requests and never responds. */
	HANG;

	private static final String PATH = "/simulator/";

	/**
	 * Whether a request changes the mode.
	 * @param path the path of the request
	 * @return whether the path belongs to the simulator and not to the API
	 */
	static boolean isChange(String path) {
		return path.startsWith(PATH);
	}

	/**
	 * Returns the mode that a request names.
	 * @param path the path of the request
	 * @return the mode, or empty if there is none of that name
	 */
	static Optional<Mode> of(String path) {
		return Arrays.stream(values()).filter((mode) -> path.equals(PATH + mode)).findFirst();
	}

	@Override
	public String toString() {
		return name().toLowerCase(Locale.ROOT);
	}

}
