package dev.weir.shared;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/**
 * Whether state is shared. Weir serves without Redis as well, so the status does not
 * change the overall one.
 */
final class SharedStateHealth extends AbstractHealthIndicator {

	private static final Status NOT_SHARED = new Status("NOT_SHARED");

	private final RedisLink link;

	SharedStateHealth(RedisLink link) {
		this.link = link;
	}

	@Override
	protected void doHealthCheck(Health.Builder health) {
		health.withDetail("store", "redis");
		if (this.link.isConnected()) {
			health.up().withDetail("weirs", this.link.weirs());
		}
		else {
			health.status(NOT_SHARED)
				.withDetail("reason", "Redis does not respond; this Weir uses only its own memory");
		}
	}

}
