package dev.weir.simulator;

import java.util.Objects;

import org.springframework.core.NestedExceptionUtils;

/**
 * A simulated backend that cannot listen on its port, mostly because something else does.
 */
final class SimulatorPortException extends RuntimeException {

	private final String property;

	private final int port;

	SimulatorPortException(String property, int port, Throwable cause) {
		super("%s is %d, and nothing can listen there: %s".formatted(property, port, reason(cause)), cause);
		this.property = property;
		this.port = port;
	}

	private static String reason(Throwable cause) {
		return Objects.toString(NestedExceptionUtils.getMostSpecificCause(cause).getMessage(), cause.toString());
	}

	/**
	 * Returns the property that names the port.
	 * @return the full name of the property
	 */
	String property() {
		return this.property;
	}

	int port() {
		return this.port;
	}

}
