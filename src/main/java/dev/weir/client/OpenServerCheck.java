package dev.weir.client;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.PoolSet;
import dev.weir.backend.RefusedConfigurationException;

/**
 * Checks, when the configuration changes, that it still fits the address at which Weir
 * listens, which only a start can change.
 */
final class OpenServerCheck implements ConfigurationListener {

	private static final Logger logger = LoggerFactory.getLogger(OpenServerCheck.class);

	private final Reachability reachability;

	private final boolean addressChosenByWeir;

	/**
	 * Creates the check.
	 * @param reachability as decided at the start
	 * @param addressChosenByWeir whether {@code server.address} is not set
	 */
	OpenServerCheck(Reachability reachability, boolean addressChosenByWeir) {
		this.reachability = reachability;
		this.addressChosenByWeir = addressChosenByWeir;
	}

	@Override
	public void prepare(PoolSet next) {
		if (!this.reachability.onlyFromThisMachine() && Reachability.mustBeLocal(next.properties())) {
			throw new RefusedConfigurationException("weir.clients: there are none, and Weir is reachable from other"
					+ " machines. Keep a client, or set weir.open: true if everybody who reaches Weir may use it.");
		}
	}

	@Override
	public void onApplied(PoolSet current) {
		if (this.addressChosenByWeir && this.reachability.onlyFromThisMachine()
				&& !Reachability.mustBeLocal(current.properties())) {
			logger.warn("Weir continues to serve this machine only, because it had neither clients nor weir.open at its"
					+ " start. Start it again to serve other machines.");
		}
	}

}
