package dev.weir.client;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.PoolSet;
import dev.weir.backend.RefusedConfigurationException;
import dev.weir.config.ActuatorPort;
import dev.weir.config.WeirProperties;

/**
 * Checks, when the configuration changes, that it still fits the address at which Weir
 * listens, which only a start can change.
 */
final class OpenServerCheck implements ConfigurationListener {

	private static final Logger logger = LoggerFactory.getLogger(OpenServerCheck.class);

	private final Reachability reachability;

	private final boolean addressChosenByWeir;

	private final ActuatorPort actuator;

	// of the previous configuration, so that each change is logged once
	private boolean local;

	private boolean closed;

	private boolean clients;

	/**
	 * Creates the check.
	 * @param reachability as decided at the start
	 * @param addressChosenByWeir whether {@code server.address} is not set
	 * @param actuator where the Actuator is served
	 * @param started the settings of the start
	 */
	OpenServerCheck(Reachability reachability, boolean addressChosenByWeir, ActuatorPort actuator,
			WeirProperties started) {
		this.actuator = actuator;
		this.reachability = reachability;
		this.addressChosenByWeir = addressChosenByWeir;
		this.local = Reachability.mustBeLocal(started);
		this.closed = isClosed(started);
		this.clients = started.hasClients();
	}

	private boolean isClosed(WeirProperties settings) {
		return settings.hasClients() && settings.operators().isEmpty() && !this.reachability.isActuatorOpen(settings);
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
		boolean local = Reachability.mustBeLocal(current.properties());
		if (this.addressChosenByWeir && this.reachability.onlyFromThisMachine() && this.local && !local) {
			logger.warn("Weir continues to serve this machine only, because it had neither clients nor weir.open at its"
					+ " start. Start it again to serve other machines.");
		}
		boolean closed = isClosed(current.properties());
		if (closed && !this.closed && this.actuator.kind() == ActuatorPort.Kind.MAIN) {
			logger.warn("{}", AccessNotice.NO_OPERATORS);
		}
		if (this.clients && !current.properties().hasClients()) {
			logger.warn("There are no clients (weir.clients) any more: requests now need no key{}",
					this.reachability.isActuatorOpen(current.properties()) ? ", and neither does the Actuator" : "");
		}
		this.clients = current.properties().hasClients();
		this.local = local;
		this.closed = closed;
	}

}
