package dev.weir.config;

import java.net.InetAddress;

import org.jspecify.annotations.Nullable;

/**
 * Where the Actuator is served. It does not change until the next start. A separate port
 * needs no key.
 *
 * @param kind the server
 * @param port the number of a separate port, 0 for any free one
 * @param address the address of a separate port, {@code null} for all
 */
public record ActuatorPort(Kind kind, int port, @Nullable InetAddress address) {

	/** The Actuator is served on the port of the clients. */
	public static final ActuatorPort MAIN = new ActuatorPort(Kind.MAIN, 0, null);

	/**
	 * Whether the Actuator has its own port.
	 * @return whether it is neither on the port of the clients nor switched off
	 */
	public boolean isSeparate() {
		return this.kind == Kind.SEPARATE;
	}

	/**
	 * Whether a separate port can be reached from other machines.
	 * @return whether its address is not a loopback address
	 */
	public boolean isExposed() {
		return isSeparate() && (this.address == null || !this.address.isLoopbackAddress());
	}

	/**
	 * Describes a separate port.
	 * @return such as {@code port 9090 of all addresses}
	 */
	public String describe() {
		String number = (this.port == 0) ? "a free port" : "port " + this.port;
		if (!isExposed()) {
			return number + " of this machine only";
		}
		return number + ((this.address == null || this.address.isAnyLocalAddress()) ? " of all addresses"
				: " of " + this.address.getHostAddress());
	}

	/**
	 * The server of the Actuator.
	 */
	public enum Kind {

		/** The port of the clients. */
		MAIN,

		/** Spring Boot's {@code management.server.port}. */
		SEPARATE,

		/** No server. */
		NONE

	}

}
