package dev.weir.client;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;

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

	AccessNotice(LiveConfiguration configuration, Reachability reachability) {
		this.configuration = configuration;
		this.reachability = reachability;
	}

	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		WeirProperties settings = this.configuration.current();
		if ((settings.hasClients() || !this.reachability.onlyFromThisMachine()) && settings.operators().isEmpty()) {
			logger.info("{}", NO_OPERATORS);
		}
		if (settings.hasClients()) {
			int clients = settings.clients().size();
			logger.info("{} may call Weir{}. Before production see {}",
					(clients == 1) ? "One client" : (clients == 0) ? "No client" : clients + " clients",
					describe(settings.entra()), LIST);
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

	private static String describe(@Nullable EntraProperties entra) {
		return (entra == null) ? ""
				: (entra.others() == null) ? ", also with tokens of the Microsoft Entra ID tenant " + entra.tenantId()
						: ", and everybody of the Microsoft Entra ID tenant " + entra.tenantId();
	}

}
