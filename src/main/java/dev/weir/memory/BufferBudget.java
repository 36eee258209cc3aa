package dev.weir.memory;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * The limit of bytes that are buffered for all requests together
 * ({@code weir.max-buffered}): request bodies kept for further attempts, and starts of
 * streams that are held back. Close to the limit the slowest upload is aborted, so that
 * slow clients cannot keep others out. One client of several gets half of the limit at
 * most. Thread-safe.
 */
public final class BufferBudget {

	/** The time for which a new upload is not aborted. */
	static final Duration GRACE = Duration.ofSeconds(2);

	/** The maximum size of a small body, if the limit is large enough. */
	private static final long SMALL = 64 * 1024;

	private volatile long limit;

	// above it, the slowest upload is aborted and large bodies cannot grow
	private volatile long high;

	private volatile long small;

	private volatile long ofClient;

	private final Ticker ticker;

	private final AtomicLong used = new AtomicLong();

	private final Set<Share> uploads = ConcurrentHashMap.newKeySet();

	// the bytes of each client that has any
	private final Map<String, Long> clients = new ConcurrentHashMap<>();

	/**
	 * Creates an unused budget.
	 * @param limit the maximum number of buffered bytes, 1 or more
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public BufferBudget(long limit, Ticker ticker) {
		this.ticker = ticker;
		limit(limit);
	}

	/**
	 * Changes the limit. If more is buffered already, nothing is added until enough is
	 * released.
	 * @param limit the maximum number of buffered bytes, 1 or more
	 */
	public void limit(long limit) {
		this.limit = limit;
		this.high = limit - limit / 8;
		this.small = Math.min(SMALL, limit / 32);
		this.ofClient = limit / 2;
	}

	/**
	 * Opens a share that is never aborted.
	 * @return an empty share, which must be closed
	 */
	public Share open() {
		return open(null);
	}

	/**
	 * Opens a share that is never aborted.
	 * @param client the client whose bytes they are, {@code null} if they count for all
	 * only
	 * @return an empty share, which must be closed
	 */
	public Share open(@Nullable String client) {
		return new Share(this, client, this.ticker.read(), null);
	}

	/**
	 * Opens a share for a request body that a client is sending.
	 * @param abort ends the upload; run at most once, on any thread, after the share was
	 * closed. It must not block
	 * @return an empty share, which must be closed
	 */
	public Share openUpload(Runnable abort) {
		return openUpload(null, abort);
	}

	/**
	 * Opens a share for a request body that a client is sending.
	 * @param client the client whose bytes they are, {@code null} if they count for all
	 * only
	 * @param abort ends the upload; run at most once, on any thread, after the share was
	 * closed. It must not block
	 * @return an empty share, which must be closed
	 */
	public Share openUpload(@Nullable String client, Runnable abort) {
		Share share = new Share(this, client, this.ticker.read(), abort);
		this.uploads.add(share);
		return share;
	}

	/**
	 * Returns the maximum number of buffered bytes.
	 * @return the limit
	 */
	public long limit() {
		return this.limit;
	}

	/**
	 * Returns the maximum size of a single upload.
	 * @return seven eighths of the limit
	 */
	public long largestUpload() {
		return this.high;
	}

	/**
	 * Returns the maximum size of a single upload of a client.
	 * @param client the client, {@code null} for none
	 * @return half of the limit with a client, else seven eighths
	 */
	public long largestUpload(@Nullable String client) {
		return (client != null) ? this.ofClient : this.high;
	}

	/**
	 * Returns the number of bytes buffered now.
	 * @return the bytes, 0 to the limit
	 */
	public long used() {
		return this.used.get();
	}

	private boolean reserve(long bytes, Share holder) {
		if (!reserveOfClient(bytes, holder)) {
			holder.clientIsFull = true;
			return false;
		}
		boolean reserved = reserveOfAll(bytes, holder);
		if (!reserved) {
			releaseOfClient(bytes, holder.client);
		}
		return reserved;
	}

	/** A client at its bound loses its own slowest upload, and none of others. */
	private boolean reserveOfClient(long bytes, Share holder) {
		String client = holder.client;
		if (client == null) {
			return true;
		}
		boolean reserved = tryReserveOfClient(bytes, client);
		while (!reserved && abortSlowest(holder, client)) {
			reserved = tryReserveOfClient(bytes, client);
		}
		return reserved;
	}

	private boolean tryReserveOfClient(long bytes, String client) {
		boolean[] reserved = new boolean[1];
		this.clients.compute(client, (name, used) -> {
			long next = ((used != null) ? used : 0) + bytes;
			reserved[0] = next <= this.ofClient;
			return reserved[0] ? Long.valueOf(next) : used;
		});
		return reserved[0];
	}

	private void releaseOfClient(long bytes, @Nullable String client) {
		if (client != null && bytes > 0) {
			this.clients.computeIfPresent(client, (name, used) -> (used > bytes) ? used - bytes : null);
		}
	}

	private void release(long bytes, @Nullable String client) {
		this.used.addAndGet(-bytes);
		releaseOfClient(bytes, client);
	}

	private boolean reserveOfAll(long bytes, Share holder) {
		boolean large = holder.abort != null && holder.held() + bytes > this.small;
		long most = large ? this.high : this.limit;
		boolean reserved = tryReserve(bytes, most);
		while (!reserved && abortSlowest(holder, null)) {
			reserved = tryReserve(bytes, most);
		}
		if (reserved && this.used.get() > this.high) {
			abortSlowest(holder, null);
		}
		return reserved;
	}

	private boolean tryReserve(long bytes, long most) {
		long now = this.used.get();
		while (now + bytes <= most) {
			if (this.used.compareAndSet(now, now + bytes)) {
				return true;
			}
			now = this.used.get();
		}
		return false;
	}

	private boolean abortSlowest(Share holder, @Nullable String client) {
		long now = this.ticker.read();
		@Nullable Share slowest = null;
		double lowest = Double.MAX_VALUE;
		for (Share upload : this.uploads) {
			long age = now - upload.opened;
			// the rate of a new upload means little, and to abort the holder gains
			// nothing
			boolean candidate = client == null || client.equals(upload.client);
			if (candidate && upload != holder && age >= GRACE.toNanos()) {
				double rate = upload.held() / (double) age;
				if (rate < lowest) {
					lowest = rate;
					slowest = upload;
				}
			}
		}
		return slowest != null && slowest.abort(client != null);
	}

	/**
	 * The buffered bytes of one request. Not thread-safe, except for {@link #close()}.
	 */
	public static final class Share implements AutoCloseable {

		private static final long CLOSED = -1;

		private final BufferBudget budget;

		private final @Nullable String client;

		private final long opened;

		private final @Nullable Runnable abort;

		private final AtomicLong held = new AtomicLong();

		private volatile boolean clientIsFull;

		private Share(BufferBudget budget, @Nullable String client, long opened, @Nullable Runnable abort) {
			this.budget = budget;
			this.client = client;
			this.opened = opened;
			this.abort = abort;
		}

		/**
		 * Reserves more bytes. If that fails, the share does not change.
		 * @param bytes the number of additional bytes, 0 or more
		 * @return whether they are reserved; {@code false} beyond the limit or after
		 * {@link #close()}
		 */
		public boolean grow(long bytes) {
			if (this.held.get() == CLOSED || !this.budget.reserve(bytes, this)) {
				return false;
			}
			if (this.held.updateAndGet((now) -> (now == CLOSED) ? CLOSED : now + bytes) == CLOSED) {
				this.budget.release(bytes, this.client);
				return false;
			}
			return true;
		}

		/**
		 * Marks the upload as complete; it will not be aborted.
		 * @return {@code false} if it was aborted before
		 */
		public boolean complete() {
			return this.budget.uploads.remove(this);
		}

		/**
		 * Explains to a client why there is no room, after {@link #grow} has failed or
		 * the upload was aborted.
		 * @param content what the bytes are, such as {@code request bodies}
		 * @return a sentence that names the limit
		 */
		public String describeFull(String content) {
			return this.clientIsFull
					? "The memory for " + content
							+ " of this client is full: one client may have half of weir.max-buffered."
					: "The memory for " + content + " is full (weir.max-buffered).";
		}

		/** Releases all bytes. Without effect the second time. */
		@Override
		public void close() {
			this.budget.uploads.remove(this);
			long last = this.held.getAndSet(CLOSED);
			if (last != CLOSED) {
				this.budget.release(last, this.client);
			}
		}

		private long held() {
			return Math.max(this.held.get(), 0);
		}

		private boolean abort(boolean forClient) {
			if (!this.budget.uploads.remove(this)) {
				// another thread has completed or aborted it; there may be room now
				return true;
			}
			this.clientIsFull = forClient;
			close();
			if (this.abort != null) {
				this.abort.run();
			}
			return true;
		}

	}

}
