package dev.weir.testing;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.stream.Stream;

import com.sun.management.ThreadMXBean;

/**
 * Counts the bytes that threads allocate. Unlike time they are the same whatever else the
 * machine does. What is compiled may allocate less than what is interpreted, never more,
 * so a bound that holds for both cannot be missed by chance.
 */
public final class Allocation {

	private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

	private static final int ROUNDS = 5;

	private Allocation() {
	}

	/**
	 * Measures an operation on this thread.
	 * @param times how often it is carried out in each of five rounds
	 * @param operation the operation
	 * @return the bytes that one took in the round that took least
	 */
	public static long of(int times, Runnable operation) {
		return least(times, operation, () -> THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()));
	}

	/**
	 * Measures what other threads do for an operation of this one.
	 * @param prefix how the names of those threads begin
	 * @param times how often it is carried out in each of five rounds
	 * @param operation the operation
	 * @return the bytes that one took in the round that took least
	 * @throws IllegalStateException if there are no such threads
	 */
	public static long by(String prefix, int times, Runnable operation) {
		long[] ids = Stream.of(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
			.filter((thread) -> thread != null && thread.getThreadName().startsWith(prefix))
			.mapToLong((thread) -> thread.getThreadId())
			.toArray();
		if (ids.length == 0) {
			throw new IllegalStateException("No thread's name begins with " + prefix);
		}
		return least(times, operation, () -> Arrays.stream(THREADS.getThreadAllocatedBytes(ids)).sum());
	}

	private static long least(int times, Runnable operation, java.util.function.LongSupplier allocated) {
		long least = Long.MAX_VALUE;
		for (int round = 0; round < ROUNDS; round++) {
			long before = allocated.getAsLong();
			for (int i = 0; i < times; i++) {
				operation.run();
			}
			least = Math.min(least, (allocated.getAsLong() - before) / times);
		}
		return least;
	}

}
