package dev.weir.memory;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * The bytes that may be held for all requests together ({@code weir.max-buffered}):
 * request bodies kept for another attempt, and the beginnings of streams that are held
 * back. Close to the limit the slowest upload is cut off, so that clients that send
 * slowly cannot keep others out. Safe for many threads.
 */
public final class BufferBudget {

	/** How long an upload has before it may be cut off as the slowest. */
	static final Duration GRACE = Duration.ofSeconds(2);

	/** Up to here a body is small, in large budgets. */
	private static final long SMALL = 64 * 1024;

	private final long limit;

	// from here on the slowest upload is cut off, and large ones get no more
	private final long high;

	private final long small;

	private final Ticker ticker;

	private final AtomicLong used = new AtomicLong();

	private final Set<Share> uploads = ConcurrentHashMap.newKeySet();

	/**
	 * Makes an unused budget.
	 * @param limit the most bytes that may be held, 1 or more
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public BufferBudget(long limit, Ticker ticker) {
		this.limit = limit;
		this.high = limit - limit / 8;
		this.small = Math.min(SMALL, limit / 32);
		this.ticker = ticker;
	}

	/**
	 * Opens an account of bytes that are never taken away from their holder.
	 * @return an empty share, to be closed
	 */
	public Share open() {
		return new Share(this, this.ticker.read(), null);
	}

	/**
	 * Opens an account for a body that a client is sending.
	 * @param cut ends the upload; run at most once, on any thread, after the share has
	 * been closed. It must not block
	 * @return an empty share, to be closed
	 */
	public Share openUpload(Runnable cut) {
		Share share = new Share(this, this.ticker.read(), cut);
		this.uploads.add(share);
		return share;
	}

	/**
	 * The most bytes that may be held.
	 * @return the limit
	 */
	public long limit() {
		return this.limit;
	}

	/**
	 * The most bytes that a single upload may have.
	 * @return seven eighths of the limit
	 */
	public long largestUpload() {
		return this.high;
	}

	/**
	 * How much is held now.
	 * @return bytes, 0 to the limit
	 */
	public long used() {
		return this.used.get();
	}

	private boolean reserve(long bytes, Share holder) {
		boolean large = holder.cut != null && holder.held() + bytes > this.small;
		long most = large ? this.high : this.limit;
		boolean reserved = tryReserve(bytes, most);
		while (!reserved && cutSlowest(holder)) {
			reserved = tryReserve(bytes, most);
		}
		if (reserved && this.used.get() > this.high) {
			cutSlowest(holder);
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

	private boolean cutSlowest(Share holder) {
		long now = this.ticker.read();
		@Nullable Share slowest = null;
		double lowest = Double.MAX_VALUE;
		for (Share upload : this.uploads) {
			long age = now - upload.opened;
			// a beginner's rate says little, and nobody gains by ending the one that asks
			if (upload != holder && age >= GRACE.toNanos()) {
				double rate = upload.held() / (double) age;
				if (rate < lowest) {
					lowest = rate;
					slowest = upload;
				}
			}
		}
		return slowest != null && slowest.cutOff();
	}

	/**
	 * What is held for one request. Used by one thread at a time, but for
	 * {@link #close()}, which any thread may call.
	 */
	public static final class Share implements AutoCloseable {

		/** The exchange attribute that holds the share of a request's body. */
		public static final String ATTRIBUTE = Share.class.getName();

		private static final long CLOSED = -1;

		private final BufferBudget budget;

		private final long opened;

		private final @Nullable Runnable cut;

		private final AtomicLong held = new AtomicLong();

		private Share(BufferBudget budget, long opened, @Nullable Runnable cut) {
			this.budget = budget;
			this.opened = opened;
			this.cut = cut;
		}

		/**
		 * Asks for more bytes. What is held stays, whatever comes of it.
		 * @param bytes how many more will be held, 0 or more
		 * @return whether they may be held; not if that would exceed the budget, or after
		 * the share was closed
		 */
		public boolean grow(long bytes) {
			if (this.held.get() == CLOSED || !this.budget.reserve(bytes, this)) {
				return false;
			}
			if (this.held.updateAndGet((now) -> (now == CLOSED) ? CLOSED : now + bytes) == CLOSED) {
				this.budget.used.addAndGet(-bytes);
				return false;
			}
			return true;
		}

		/** Says that the upload is whole, so that it is not cut off any more. */
		public void complete() {
			this.budget.uploads.remove(this);
		}

		/** Gives everything back. Without effect the second time. */
		@Override
		public void close() {
			this.budget.uploads.remove(this);
			long last = this.held.getAndSet(CLOSED);
			if (last != CLOSED) {
				this.budget.used.addAndGet(-last);
			}
		}

		private long held() {
			return Math.max(this.held.get(), 0);
		}

		private boolean cutOff() {
			if (!this.budget.uploads.remove(this)) {
				// somebody else has cut it off or completed it meanwhile; there may be
				// room now
				return true;
			}
			close();
			if (this.cut != null) {
				this.cut.run();
			}
			return true;
		}

	}

}
