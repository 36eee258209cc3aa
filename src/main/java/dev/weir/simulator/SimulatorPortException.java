package dev.weir.simulator;

import java.util.Objects;

import org.springframework.core.NestedExceptionUtils;

/**
 * Thrown when a simulated backend cannot listen on its port, usually because the port is
 * in use.
 */
final class SimulatorPortException extends RuntimeException {

	private final String property;

	private final int port;

	SimulatorPortException(String property, int port, Throwable cause) {
		super("%s is %d, and Weir cannot listen on that port: %s".formatted(property, port, reason(cause)), cause);
		this.property = property;
		this.port = port;
	}

	private static String reason(Throwable cause) {
		return Objects.toString(NestedExceptionUtils.getMostSpecificCause(cause).getMessage(), cause.toString());
	}

	/**
	 * Returns the name of the property that sets the port.
	 * @return the full name
	 */
	String property() {
		return this.property;
	}

	int port() {
		return this.port;
	}

}
