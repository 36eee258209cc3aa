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

	/** A Weir that had no request for this time returns all that it holds. */
	private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

	/** How long a report of the others counts as new: until a request is repeated. */
	private static final long CONFIRMED_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

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

	/** What of it running requests have reserved, and may not use. */
	private long reserved;

	private long reported;

	private long reportedReserved;

	private long held;

	private long usedByOthers;

	/** The part of it that is final. It grows, so an old number is not too high. */
	private long settledByOthers;

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

	/** The last request to the store after the others have reported, and its reply. */
	private long confirming;

	private long confirmedAt = Long.MIN_VALUE;

	/** What the last refused request missed. */
	private long missing;

	/** The size of a large request; it decreases with each smaller one. */
	private long typical;

	/** The size of the last request, granted or refused. */
	private long last;

	private long lastAt;

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
		if (isUnreported() && isShared()) {
			send(this.held);
		}
		this.window = next;
		this.used = 0;
		this.reserved = 0;
		this.usedByOthers = 0;
		this.settledByOthers = 0;
		this.owed = 0;
		this.missing = 0;
		this.confirmedAt = Long.MIN_VALUE;
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
		this.reportedReserved = 0;
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
	 * What this Weir can grant now.
	 * @param left what it has left without the other Weirs
	 * @return the number, not more than the share has
	 */
	long held(long left) {
		update();
		return isShared() ? Math.min(left, available()) : left;
	}

	/**
	 * How long a request must wait. Until the end of the window only if the whole limit
	 * leaves too little, or if the others have confirmed that requests which are running
	 * have reserved it. What others hold in leases is there soon.
	 * @param count what it reserves
	 * @return the time, zero if the share has it
	 */
	Duration waitFor(long count) {
		update();
		long more = isShared() ? count - available() : 0;
		if (more <= 0) {
			return Duration.ZERO;
		}
		long now = this.time.currentTimeNanos();
		this.last = count;
		this.lastAt = now;
		this.typical = Math.max(this.typical, count);
		this.missing = Math.max(this.missing, more);
		ask();
		boolean running = remaining() < count && this.confirmedAt > now - CONFIRMED_NANOS;
		return (running || settledRemaining() < count) ? Duration.ofNanos((this.window + 1) * this.windowNanos - now)
				: LEASE_WAIT;
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
		this.lastAt = this.time.currentTimeNanos();
		if (isShared() && available() < lease() / 2) {
			ask();
		}
	}

	/**
	 * Sets what running requests have reserved in this window, and may not use.
	 * @param next the number, a part of what was taken
	 */
	void reserved(long next) {
		update();
		this.reserved = next;
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
		if (isShared() && !this.asking && isUnreported()) {
			send(this.held);
		}
	}

	private boolean isUnreported() {
		return this.used != this.reported || this.reserved != this.reportedReserved;
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
		return isShared() ? Math.min(left, remaining()) : left;
	}

	private long remaining() {
		return this.limit - this.owed - this.usedByOthers - this.used;
	}

	/**
	 * What would be left of the whole limit if no running request of another Weir used
	 * what it has reserved.
	 * @param left what this Weir alone has left
	 * @return the number
	 */
	long settledRemaining(long left) {
		update();
		return isShared() ? Math.min(left, settledRemaining()) : left;
	}

	private long settledRemaining() {
		return this.limit - this.owed - this.settledByOthers - this.used;
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
		long over = this.leases.connection();
		LimitLeases.Request sent = new LimitLeases.Request(this.key, this.window,
				TimeUnit.NANOSECONDS.toMillis(this.windowNanos), this.limit, part(division), division, this.used,
				this.reserved, wanted);
		this.leases.request(sent, (reply) -> this.lock.accept(() -> onReply(number, over, sent, reply)));
	}

	private void onReply(long number, long over, LimitLeases.Request sent, LimitLeases.@Nullable Reply reply) {
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
		this.reported = sent.used();
		this.reportedReserved = sent.reserved();
		this.held = reply.held();
		this.usedByOthers = reply.usedByOthers();
		this.settledByOthers = reply.settledByOthers();
		this.owed = reply.owed();
		this.exhausted = reply.held() < sent.wanted();
		if (number == this.confirming) {
			this.confirmedAt = this.time.currentTimeNanos();
		}
		if (!this.exhausted) {
			this.missing = 0;
		}
		else if (this.missing > 0 && (reply.idle() > 0 || reply.settledByOthers() < reply.usedByOthers())) {
			this.leases.askOthers(this.key, this.window, () -> this.lock.accept(this::askAgain));
		}
	}

	private void askAgain() {
		update();
		if (this.missing > 0 && this.exhausted && !this.asking) {
			// the others had time to return something
			this.exhausted = false;
			ask();
			this.confirming = this.request;
			// once for each refused request
			this.missing = 0;
		}
	}

	/**
	 * Returns what is not used to the store, because another Weir needs it, and reports
	 * what has been settled since the last report.
	 * @param of the number of the window
	 * @param first whether the other one goes first if this one needs more, too
	 */
	void onShortage(long of, boolean first) {
		update();
		if (of != this.window || !isShared() || this.asking) {
			return;
		}
		long unused = Math.max(0, this.held - this.used);
		long kept = keep(unused, first);
		if (kept < unused) {
			// before the store can grant it to another one
			this.held = this.used + kept;
		}
		if (kept < unused || isUnreported()) {
			send(this.held);
		}
	}

	/**
	 * Half of it, but not less than the next request needs: if two Weirs with too little
	 * for one request went on halving it, or took it from each other, none could use it.
	 */
	private long keep(long unused, boolean first) {
		if (this.time.currentTimeNanos() - this.lastAt > IDLE_NANOS) {
			return 0;
		}
		if (unused < this.last) {
			return first ? 0 : unused;
		}
		return Math.max(unused / 2, this.last);
	}

}
