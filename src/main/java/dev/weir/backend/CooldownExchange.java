package dev.weir.backend;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.weir.config.BackendDialect;
import dev.weir.config.CooldownProperties;
import dev.weir.config.Secret;

/**
 * Exchanges cooldowns with other Weirs: those that a response has asked for, because they
 * are true for everybody with the same credential. What one Weir concludes itself, such
 * as an open circuit breaker, may be caused by its own network and stays with it. Safe
 * for many threads, never blocks. Without a listener it costs one read of a field for
 * each cooldown.
 */
public final class CooldownExchange {

	private final Supplier<PoolSet> pools;

	private volatile @Nullable Consumer<StatedCooldown> listener;

	CooldownExchange(Supplier<PoolSet> pools) {
		this.pools = pools;
	}

	/**
	 * Sets the listener that is notified of each cooldown that begins here. It is called
	 * on the thread of the response, usually an event loop, and must not block or throw.
	 * @param listener gets the cooldowns; replaces the previous listener
	 */
	public void onCooldown(Consumer<StatedCooldown> listener) {
		this.listener = listener;
	}

	void record(Lane lane, CooldownPeriod period) {
		Consumer<StatedCooldown> current = this.listener;
		if (current != null && isStated(period.reason())) {
			current.accept(describe(lane, period.whole(), period.reason(), period.duration()));
		}
	}

	private static boolean isStated(CooldownReason reason) {
		return switch (reason) {
			case THROTTLED, OUT_OF_QUOTA, FAILED -> true;
			// depends on the credential and its rights, which may just be changing
			case DENIED, NO_CREDENTIAL, NOT_SERVED -> false;
		};
	}

	private static StatedCooldown describe(Lane lane, boolean whole, CooldownReason reason, Duration duration) {
		return new StatedCooldown(lane.getServiceId(), lane.backend().name(), whole ? "" : lane.model(),
				place(lane, whole), whole, reason, duration);
	}

	/**
	 * Describes the cooldowns that run here.
	 * @return those that hold for others, too
	 */
	public List<StatedCooldown> current() {
		List<StatedCooldown> running = new ArrayList<>();
		for (Pool pool : this.pools.get().all()) {
			for (Backend backend : pool.backends()) {
				Lane any = pool.lanes("").of(backend);
				CooldownReason reason = backend.cooldownReason();
				if (any != null && reason != null && isStated(reason)) {
					running.add(describe(any, true, reason, backend.cooldownLeft()));
				}
			}
			for (Lane lane : pool.knownLanes()) {
				Cooldown own = lane.ownCooldown();
				CooldownReason reason = own.reason();
				if (reason != null && isStated(reason)) {
					running.add(describe(lane, false, reason, own.left()));
				}
			}
		}
		return running;
	}

	/**
	 * Begins a cooldown that another Weir has seen. The listener is not notified. A
	 * cooldown that runs here is never shortened, and none is longer than the settings of
	 * this Weir allow.
	 * @param stated the cooldown
	 * @return whether it concerns a lane or backend of this Weir
	 */
	public boolean begin(StatedCooldown stated) {
		Pool pool = isStated(stated.reason()) ? this.pools.get().get(stated.pool()) : null;
		Backend backend = (pool != null) ? pool.backend(stated.backend()) : null;
		if (pool == null || backend == null || !backend.serves(stated.model())) {
			return false;
		}
		Lane lane = pool.lanes(stated.model()).of(backend);
		if (lane == null || !place(lane, stated.whole()).equals(stated.place())) {
			return false;
		}
		Duration most = longest(stated.reason(), pool.properties().cooldown());
		Duration duration = (stated.duration().compareTo(most) < 0) ? stated.duration() : most;
		Duration running = stated.whole() ? backend.cooldownLeft() : lane.ownCooldown().left();
		if (duration.compareTo(running) > 0) {
			lane.beginStatedCooldown(new CooldownPeriod(duration, stated.reason(), stated.whole(), null));
		}
		return true;
	}

	private static Duration longest(CooldownReason reason, CooldownProperties settings) {
		return (reason == CooldownReason.OUT_OF_QUOTA) ? settings.refusal() : settings.max();
	}

	/**
	 * Identifies the quota. The quota of an Azure resource does not depend on the key,
	 * that of other servers belongs to the account of the key.
	 */
	private static String place(Lane lane, boolean whole) {
		Backend backend = lane.backend();
		URI url = backend.url();
		Secret key = backend.properties().apiKey();
		boolean azure = backend.dialect() == BackendDialect.AZURE
				|| BackendDialect.ofHost(backend.properties().host()) == BackendDialect.AZURE;
		try {
			MessageDigest digest = MessageDigest.getInstance("SHA-256");
			for (String part : List.of(url.toString(), backend.dialect().name(), whole ? "" : lane.deployment(),
					(azure || key == null) ? "" : key.reveal())) {
				digest.update(part.getBytes(StandardCharsets.UTF_8));
				digest.update((byte) 0);
			}
			return HexFormat.of().formatHex(digest.digest(), 0, 16);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
