package dev.weir.client.limit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import io.github.bucket4j.TimeMeter;
import org.jspecify.annotations.Nullable;

import dev.weir.config.ClientProperties;
import dev.weir.config.ModelLimitProperties;
import dev.weir.config.NamePatterns;
import dev.weir.request.TokenDemand;

/**
 * What one client has used. It outlives reloads: a changed limit takes effect at once and
 * forgets nothing. A decision about several limits is one step, under a lock that is held
 * for less than a microsecond.
 */
final class ClientQuota {

	private final String name;

	private final LimitClock clock;

	// null if the limits are not shared with other Weirs
	private final @Nullable LimitLeases leases;

	private final TimeMeter time = new TimeMeter() {

		@Override
		public long currentTimeNanos() {
			return ClientQuota.this.now;
		}

		@Override
		public boolean isWallClockBased() {
			return true;
		}

	};

	// stands still during a change, so that no window begins in the middle of it
	private long now;

	private ClientProperties settings;

	private List<LimitWindow> windows = List.of();

	private int running;

	private long refused;

	/**
	 * Creates the quota of a client that has used nothing.
	 * @param settings its settings
	 * @param clock the time of windows
	 */
	ClientQuota(ClientProperties settings, LimitClock clock) {
		this(settings.name(), settings, clock, null);
	}

	/**
	 * Creates the quota of a client that has used nothing here.
	 * @param name its name
	 * @param settings its settings
	 * @param clock the time of windows
	 * @param leases where its limits are shared with other Weirs, or {@code null}
	 */
	ClientQuota(String name, ClientProperties settings, LimitClock clock, @Nullable LimitLeases leases) {
		this.name = name;
		this.leases = leases;
		this.clock = clock;
		this.now = clock.now();
		this.settings = settings;
		apply(settings);
	}

	private void apply(ClientProperties next) {
		List<LimitWindow> changed = new ArrayList<>();
		for (LimitKind kind : LimitKind.values()) {
			add(changed, kind, null, kind.of(next));
			for (ModelLimitProperties limit : next.limits()) {
				add(changed, kind, limit.model(), kind.of(limit));
			}
		}
		this.windows = List.copyOf(changed);
		this.settings = next;
	}

	private void add(List<LimitWindow> changed, LimitKind kind, @Nullable String model, @Nullable Long limit) {
		if (limit == null) {
			return;
		}
		for (LimitWindow known : this.windows) {
			if (known.kind() == kind && Objects.equals(known.model(), model)) {
				known.limit(limit);
				changed.add(known);
				return;
			}
		}
		NamePatterns models = new NamePatterns((model != null) ? List.of(model) : List.of());
		LimitWindow window = new LimitWindow(kind, model, models, limit, this.time);
		if (this.leases != null) {
			window.share(new LimitShare(this.leases,
					new LimitLeases.Key(this.name, kind.property(), (model != null) ? model : ""), kind, limit,
					this.time, this::change));
		}
		changed.add(window);
	}

	private void update(@Nullable ClientProperties current) {
		this.now = Math.max(this.now, this.clock.now());
		// records of the same configuration are the same objects
		if (current != null && current != this.settings) {
			apply(current);
		}
	}

	/**
	 * Takes what a request needs from all limits that apply to it, or from none.
	 * @param current the current settings of the client
	 * @param model the model that the request names
	 * @param demand its tokens
	 * @return the grant, which must be ended
	 * @throws LimitExceededException if a limit does not allow it
	 */
	synchronized Grant take(ClientProperties current, String model, TokenDemand demand) {
		update(current);
		try {
			return take(model, demand);
		}
		catch (LimitExceededException ex) {
			this.refused++;
			throw ex;
		}
	}

	private Grant take(String model, TokenDemand demand) {
		List<Grant.Part> parts = new ArrayList<>(this.windows.size());
		for (LimitWindow window : this.windows) {
			long count = window.appliesTo(model) ? window.reserved(demand) : 0;
			if (count > 0) {
				parts.add(new Grant.Part(window, count));
			}
		}
		Grant grant = new Grant(this, parts);
		for (Grant.Part part : parts) {
			if (part.window().needed(demand) > part.window().limit()) {
				throw LimitExceededException.tooLarge(part, grant.headers());
			}
		}
		Integer most = this.settings.maxConcurrent();
		if (most != null && this.running >= most) {
			throw LimitExceededException.concurrent(most, grant.headers());
		}
		Grant.@Nullable Part slowest = null;
		Duration longest = Duration.ZERO;
		for (Grant.Part part : parts) {
			Duration wait = part.window().waitFor(part.count());
			if (wait.compareTo(longest) > 0) {
				longest = wait;
				slowest = part;
			}
		}
		if (slowest != null) {
			throw LimitExceededException.later(slowest, longest, grant.headers());
		}
		parts.forEach(Grant.Part::take);
		this.running++;
		return grant;
	}

	/**
	 * Makes a change to the windows at one time.
	 * @param change the change
	 */
	synchronized void change(Runnable change) {
		update(null);
		change.run();
	}

	/**
	 * Leases the first part of each limit that is shared.
	 * @param current the current settings of the client
	 */
	synchronized void prepare(ClientProperties current) {
		update(current);
		shares().forEach(LimitShare::prepare);
	}

	/**
	 * Reports what was used of the limits that are shared.
	 * @return whether there may be something to report later
	 */
	synchronized boolean report() {
		update(null);
		shares().forEach(LimitShare::onTick);
		// a debt is reported until it is paid
		return this.running > 0 || this.windows.stream()
			.anyMatch((window) -> window.left() < 0 || (window.share() != null && !window.share().isIdle()));
	}

	/**
	 * Returns what is not used of a limit, because another Weir needs it.
	 * @param key the limit
	 * @param window the number of the window
	 * @param first whether the other one goes first if this one needs more, too
	 */
	synchronized void onShortage(LimitLeases.Key key, long window, boolean first) {
		update(null);
		for (LimitWindow one : this.windows) {
			LimitShare share = one.share();
			if (share != null && one.kind().property().equals(key.property())
					&& key.model().equals((one.model() != null) ? one.model() : "")) {
				share.onShortage(window, first);
			}
		}
	}

	private List<LimitShare> shares() {
		return this.windows.stream().map(LimitWindow::share).filter(Objects::nonNull).toList();
	}

	/** Frees the place of a request. Called under the lock. */
	void release() {
		this.running--;
	}

	/**
	 * Describes the use of the windows.
	 * @param name the name of the client
	 * @param current the current settings of the client
	 * @return the use now
	 */
	synchronized ClientsEndpoint.ClientReport report(String name, ClientProperties current) {
		update(current);
		return new ClientsEndpoint.ClientReport(name, this.running, current.maxConcurrent(), this.refused,
				this.windows.stream().map(ClientsEndpoint.WindowReport::of).toList());
	}

}
