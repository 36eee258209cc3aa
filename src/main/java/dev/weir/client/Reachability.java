package dev.weir.client;

import java.net.InetAddress;

import org.jspecify.annotations.Nullable;

import dev.weir.config.WeirProperties;

/**
 * From where Weir can be reached, as decided at its start.
 *
 * @param onlyFromThisMachine whether it serves the loopback interface only
 */
record Reachability(boolean onlyFromThisMachine) {

	/**
	 * Decides from where Weir can be reached. Without {@code server.address}, it serves
	 * other machines only if it knows its clients or is meant to be open.
	 * @param address {@code server.address}, {@code null} if it is not set
	 * @param properties valid settings
	 * @return the decision
	 */
	static Reachability of(@Nullable InetAddress address, WeirProperties properties) {
		return new Reachability((address != null) ? address.isLoopbackAddress() : mustBeLocal(properties));
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
