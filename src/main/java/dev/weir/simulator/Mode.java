package dev.weir.simulator;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * How a simulated backend behaves. Whoever tries Weir changes it with a POST to
 * {@code /simulator/} and the name in lower case.
 */
enum Mode {

	/** Answers, as far as its quota goes. */
	OK,

	/** Answers 503. */
	DOWN,

	/** Answers 429 and asks for 20 seconds. */
	THROTTLE,

	/** Takes requests and does not answer. */
	HANG;

	private static final String PATH = "/simulator/";

	/**
	 * Whether a request is one that changes the mode.
	 * @param path the path of the request
	 * @return whether it is for the simulator and no API call
	 */
	static boolean isChange(String path) {
		return path.startsWith(PATH);
	}

	/**
	 * The mode that a request asks for.
	 * @param path the path of the request
	 * @return the mode, or nothing if there is none of that name
	 */
	static Optional<Mode> of(String path) {
		return Arrays.stream(values()).filter((mode) -> path.equals(PATH + mode)).findFirst();
	}

	@Override
	public String toString() {
		return name().toLowerCase(Locale.ROOT);
	}

}
