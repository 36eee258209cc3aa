package dev.weir.client.limit;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.github.bucket4j.TimeMeter;
import org.jspecify.annotations.Nullable;

/**
 * The share that this Weir has of one limit in the current window. It begins with a fixed
 * part; before that is used up, more is leased from the store. A request is granted from
 * the share only, and so never waits for the store. While the store does not respond the
 * share does not limit anything, and what is used meanwhile is reported when it is back.
 * Guarded by the lock of its {@link ClientQuota}.
 */
final class LimitShare {

	/** How soon a request may be repeated if a lease for it is on its way. */
	static final Duration LEASE_WAIT = Duration.ofMillis(100);

	/** The pause between two requests for what the store could not grant. */
	private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

	/** How long it goes on alone after the store has failed to reply. */
	private static final long ALONE_NANOS = TimeUnit.SECONDS.toNanos(1);

	/** A Weir that has granted nothing for this time returns all that it holds. */
	private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

	/** A lease is this part of a limit, or two requests if that is more. */
	private static final int LEASES = 20;

	/** But not more than this part, so that others find something, too. */
	private static final int LARGEST_LEASE = 4;

	private static final LimitLeases.Division NONE = new LimitLeases.Division(0, false);

	private final LimitLeases leases;

	private final LimitLeases.Key key;

	private final long windowNanos;

	private final TimeMeter time;

	private final Consumer<Runnable> lock;

	// the fixed parts are divided anew in each minute: a longer window has none
	private final boolean divided;

	private long limit;

	private long window;

	private long used;

	private long reported;

	private long held;

	private long usedByOthers;

	private long idle;

	private long owed;

	/** The connection for which the share is right; 0 if nothing is shared. */
	private long connection;

	private long aloneUntil = Long.MIN_VALUE;

	/** Whether the store has replied in this window. */
	private boolean known;

	private boolean exhausted;

	/** The number of the last request to the store, and whether it has no reply yet. */
	private long request;

	private boolean asking;

	private long askedAt;

	/** What the last refused request missed. */
	private long missing;

	/** The size of a large request; it decreases with each smaller one. */
	private long typical;

	/** The size of the last request, granted or refused. */
	private long last;

	private long grantedAt;

	/**
	 * Creates a share.
	 * @param leases the store
	 * @param key the limit
	 * @param kind the kind of the limit
	 * @param limit the limit, 1 or more
	 * @param time the time of the quota, which stands still during a change
	 * @param lock runs a change under the lock of the quota
	 */
	LimitShare(LimitLeases leases, LimitLeases.Key key, LimitKind kind, long limit, TimeMeter time,
			Consumer<Runnable> lock) {
		this.leases = leases;
		this.key = key;
		this.windowNanos = kind.period().toNanos();
		this.divided = kind.period().equals(Duration.ofMinutes(1));
		this.limit = limit;
		this.time = time;
		this.lock = lock;
		this.window = -1;
		update();
	}

	private void update() {
		long current = this.time.currentTimeNanos() / this.windowNanos;
		if (current != this.window) {
			begin(current);
		}
		else if (this.connection != this.leases.connection()) {
			join();
		}
	}

	private void begin(long next) {
		if (this.used != this.reported && isShared()) {
			send(this.held);
		}
		this.window = next;
		this.used = 0;
		this.usedByOthers = 0;
		this.idle = 0;
		this.owed = 0;
		this.missing = 0;
		this.asking = false;
		this.request++;
		adopt(this.leases.connection());
	}

	/** The store responds anew, or no longer. */
	private void join() {
		long next = this.leases.connection();
		if (next == 0 || this.time.currentTimeNanos() < this.aloneUntil) {
			this.connection = 0;
		}
		else if (this.used == 0) {
			adopt(next);
		}
		else {
			// until the store knows what was used meanwhile, nothing is shared
			this.connection = 0;
			ask();
		}
	}

	private void adopt(long next) {
		this.reported = 0;
		this.known = false;
		this.exhausted = false;
		LimitLeases.Division division = division();
		this.connection = (division != null) ? next : 0;
		this.held = (division != null && division.member()) ? part(division) : 0;
	}

	private LimitLeases.@Nullable Division division() {
		return this.divided ? this.leases.division(this.window) : NONE;
	}

	/** Half of the limit is divided; rounded up if that is not more than the limit. */
	private long part(LimitLeases.Division division) {
		if (division.members() == 0) {
			return 0;
		}
		long down = this.limit / (2L * division.members());
		return ((down + 1) * division.members() <= this.limit && this.limit % (2L * division.members()) != 0) ? down + 1
				: down;
	}

	private boolean isShared() {
		return this.connection != 0 && this.connection == this.leases.connection();
	}

	void limit(long next) {
		update();
		this.limit = next;
		if (isShared() && !this.known) {
			adopt(this.connection);
		}
		ask();
	}

	private long available() {
		if (!this.divided && !this.known) {
			// no part is fixed: the first requests are granted in advance
			return (this.used == 0) ? this.limit : Math.max(0, this.limit / LEASES - this.used);
		}
		return this.held - this.used;
	}

	/**
	 * Fits a request into the share: an output that it does not state is reserved as far
	 * as the share has it.
	 * @param count what the request would reserve
	 * @param stated what it states to need
	 * @return what it can reserve
	 */
	long fit(long count, long stated) {
		update();
		if (!isShared() || this.exhausted) {
			return count;
		}
		long available = available();
		return (available < count && available >= Math.max(1, stated)) ? available : count;
	}

	/**
	 * How long a request must wait.
	 * @param count what it reserves
	 * @return the time, zero if the share has it
	 */
	Duration waitFor(long count) {
		update();
		long more = isShared() ? count - available() : 0;
		if (more <= 0) {
			return Duration.ZERO;
		}
		this.last = count;
		this.typical = Math.max(this.typical, count);
		this.missing = Math.max(this.missing, more);
		ask();
		long end = (this.window + 1) * this.windowNanos - this.time.currentTimeNanos();
		return (this.exhausted && this.idle < more) ? Duration.ofNanos(end) : LEASE_WAIT;
	}

	/**
	 * Takes from the share, and leases more if little is left.
	 * @param count a number for which {@link #waitFor} is zero
	 */
	void take(long count) {
		update();
		this.used += count;
		this.last = count;
		this.typical = Math.max(this.typical - this.typical / 8, count);
		this.grantedAt = this.time.currentTimeNanos();
		if (isShared() && available() < lease() / 2) {
			ask();
		}
	}

	/**
	 * Corrects what was taken in this window.
	 * @param more what is taken in addition; negative for what returns
	 */
	void correct(long more) {
		update();
		this.used = Math.max(0, this.used + more);
	}

	/** Leases the first part, so that the first request finds one. */
	void prepare() {
		update();
		if (isShared() && !this.known) {
			ask();
		}
	}

	/** Reports what was used, if that has changed. */
	void onTick() {
		update();
		if (isShared() && !this.asking && this.used != this.reported) {
			send(this.held);
		}
	}

	/** Whether nothing of the current window is used or unreported. */
	boolean isIdle() {
		update();
		return this.used == 0 && this.reported == 0 && !this.asking;
	}

	/**
	 * What is left of the whole limit.
	 * @param left what this Weir alone has left
	 * @return the number, as far as the use by others is known
	 */
	long remaining(long left) {
		update();
		return isShared() ? Math.min(left, this.limit - this.owed - this.usedByOthers - this.used) : left;
	}

	private long lease() {
		return Math.max(1, Math.max(this.limit / LEASES, Math.min(this.limit / LARGEST_LEASE, 2 * this.typical)));
	}

	private void ask() {
		boolean early = this.exhausted && this.time.currentTimeNanos() - this.askedAt < RETRY_NANOS;
		if (!this.asking && !early && this.leases.connection() != 0 && division() != null) {
			send(Math.max(this.held, Math.min(this.limit, Math.max(this.used + lease(), this.held + this.missing))));
		}
	}

	private void send(long wanted) {
		LimitLeases.Division division = division();
		if (division == null) {
			return;
		}
		this.request++;
		this.asking = true;
		this.askedAt = this.time.currentTimeNanos();
		long number = this.request;
		long sent = this.used;
		long over = this.leases.connection();
		this.leases.request(
				new LimitLeases.Request(this.key, this.window, TimeUnit.NANOSECONDS.toMillis(this.windowNanos),
						this.limit, part(division), division, sent, wanted),
				(reply) -> this.lock.accept(() -> onReply(number, over, sent, wanted, reply)));
	}

	private void onReply(long number, long over, long sent, long wanted, LimitLeases.@Nullable Reply reply) {
		if (number != this.request) {
			return;
		}
		this.asking = false;
		if (reply == null) {
			// this Weir goes on alone, as while the store does not respond
			this.connection = 0;
			this.aloneUntil = this.time.currentTimeNanos() + ALONE_NANOS;
			return;
		}
		this.connection = over;
		this.known = true;
		this.reported = sent;
		this.held = reply.held();
		this.usedByOthers = reply.usedByOthers();
		this.idle = reply.idle();
		this.owed = reply.owed();
		this.exhausted = reply.held() < wanted;
		if (!this.exhausted) {
			this.missing = 0;
		}
		else if (this.missing > 0 && this.idle > 0) {
			this.leases.askOthers(this.key, this.window, () -> this.lock.accept(this::askAgain));
		}
	}

	private void askAgain() {
		update();
		if (this.missing > 0 && this.exhausted && !this.asking) {
			// the others had time to return something
			this.exhausted = false;
			ask();
			// once for each refused request
			this.missing = 0;
		}
	}

	/**
	 * Returns what is not used to the store, because another Weir needs it.
	 * @param of the number of the window
	 * @param first whether the other one goes first if this one needs more, too
	 */
	void onShortage(long of, boolean first) {
		update();
		long unused = this.held - this.used;
		boolean tooLittle = unused < this.last;
		if (of != this.window || !isShared() || this.asking || unused <= 0 || (tooLittle && !first)) {
			return;
		}
		boolean asleep = this.time.currentTimeNanos() - this.grantedAt > IDLE_NANOS;
		long keep = (asleep || tooLittle) ? 0 : unused / 2;
		// before the store can grant it to another one
		this.held = this.used + keep;
		send(this.held);
	}

}
