package dev.weir.testing;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Lets one thread wait until another has reached a point, such as a backend until its
 * client has read an event. Each {@link #send} ends one {@link #await}. If many threads
 * wait for the same, use a {@link java.util.concurrent.CountDownLatch}.
 */
public final class Signal {

	private static final Duration LIMIT = Duration.ofSeconds(5);

	private final Semaphore sent = new Semaphore(0);

	public void send() {
		this.sent.release();
	}

	/**
	 * Waits for the signal, 5 seconds at most.
	 * @throws InterruptedException if the thread is interrupted
	 * @throws IllegalStateException if the signal does not come
	 */
	public void await() throws InterruptedException {
		await(LIMIT);
	}

	/**
	 * Waits for the signal.
	 * @param limit the longest time
	 * @throws InterruptedException if the thread is interrupted
	 * @throws IllegalStateException if the signal does not come
	 */
	public void await(Duration limit) throws InterruptedException {
		if (!this.sent.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
			throw new IllegalStateException("No signal within " + limit.toMillis() + " ms");
		}
	}

}
