package dev.weir.client;

import java.net.InetAddress;

import org.jspecify.annotations.Nullable;

import dev.weir.config.WeirProperties;

/**
 * From where Weir can be reached, as decided at its start.
 *
 * @param onlyFromThisMachine whether it serves the loopback interface only
 * @param demo whether it is the demo, whose Actuator is open
 */
record Reachability(boolean onlyFromThisMachine, boolean demo) {

	/**
	 * Decides from where Weir can be reached. Without {@code server.address}, it serves
	 * other machines only if it knows its clients or is meant to be open.
	 * @param address {@code server.address}, {@code null} if it is not set
	 * @param properties valid settings
	 * @param demo whether it is the demo
	 * @return the decision
	 */
	static Reachability of(@Nullable InetAddress address, WeirProperties properties, boolean demo) {
		return new Reachability((address != null) ? address.isLoopbackAddress() : mustBeLocal(properties), demo);
	}

	/**
	 * Whether everybody who reaches Weir may read the Actuator on the port of the
	 * clients.
	 * @param properties valid settings
	 * @return whether no key of an operator is needed
	 */
	boolean isActuatorOpen(WeirProperties properties) {
		return this.demo || (this.onlyFromThisMachine && !properties.hasClients());
	}

	/**
	 * Whether these settings allow no other machine to be served.
	 * @param properties valid settings
	 * @return whether there are no clients and Weir is not meant to be open
	 */
	static boolean mustBeLocal(WeirProperties properties) {
		return !properties.hasClients() && !properties.open();
	}

}
