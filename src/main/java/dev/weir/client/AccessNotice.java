package dev.weir.client;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;

import dev.weir.config.ActuatorPort;
import dev.weir.config.ClientProperties;
import dev.weir.config.EntraProperties;
import dev.weir.config.LiveConfiguration;
import dev.weir.config.WeirProperties;

/**
 * Logs at the start who may call Weir.
 */
final class AccessNotice implements ApplicationListener<ApplicationReadyEvent> {

	private static final Logger logger = LoggerFactory.getLogger(AccessNotice.class);

	private static final String LIST = "docs/security.md#before-production";

	static final String NO_OPERATORS = "The Actuator shows liveness and readiness only: there is no operator"
			+ " (weir.operators)";

	private final LiveConfiguration configuration;

	private final Reachability reachability;

	private final ActuatorPort actuator;

	AccessNotice(LiveConfiguration configuration, Reachability reachability, ActuatorPort actuator) {
		this.configuration = configuration;
		this.reachability = reachability;
		this.actuator = actuator;
	}

	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		WeirProperties settings = this.configuration.current();
		if (this.actuator.isSeparate()) {
			logger.info("The Actuator is on {} (management.server.port) and needs no key there",
					this.actuator.describe());
		}
		else if (this.actuator.kind() == ActuatorPort.Kind.MAIN && settings.operators().isEmpty()
				&& !this.reachability.isActuatorOpen(settings)) {
			logger.info("{}", NO_OPERATORS);
		}
		else if (this.actuator.kind() == ActuatorPort.Kind.MAIN && this.reachability.demo()
				&& !this.reachability.onlyFromThisMachine()) {
			logger.info("This is the demo: everybody who reaches it may read its Actuator");
		}
		if (settings.hasClients()) {
			logger.info("{}. Before production see {}", describe(settings), LIST);
		}
		else if (this.reachability.onlyFromThisMachine()) {
			logger.info("Weir has no clients (weir.clients) and serves this machine only. Before production see {}",
					LIST);
		}
		else {
			logger.warn("Weir is open (weir.open): everybody who reaches it may use the quota of its backends."
					+ " Before production see {}", LIST);
		}
	}

	/**
	 * Describes who may call.
	 * @param settings valid settings with clients
	 * @return a sentence without its end
	 */
	static String describe(WeirProperties settings) {
		EntraProperties entra = settings.entra();
		String others = (entra != null) ? entra.others() : null;
		long clients = settings.clients()
			.stream()
			.filter((client) -> !client.name().equals(others) || hasCredential(client))
			.count();
		String named = (clients == 1) ? "One client" : clients + " clients";
		if (entra == null) {
			return named + " may call Weir";
		}
		String tenant = "the Microsoft Entra ID tenant " + entra.tenantId();
		if (others != null) {
			return ((clients == 0) ? "All" : named + " and all") + " callers of " + tenant + " may call Weir";
		}
		return (clients == 0)
				? "No caller is accepted: weir.clients names none of " + tenant + ", and weir.entra.others is not set"
				: named + " may call Weir, also with tokens of " + tenant;
	}

	/** Without one, the entry only has the settings of other callers. */
	private static boolean hasCredential(ClientProperties client) {
		return !(client.key().isEmpty() && client.keySha256().isEmpty() && client.certificates().isEmpty()
				&& client.apps().isEmpty() && client.users().isEmpty() && client.roles().isEmpty());
	}

}
