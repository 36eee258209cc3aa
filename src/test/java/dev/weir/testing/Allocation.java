package dev.weir.testing;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.stream.Stream;

import com.sun.management.ThreadMXBean;

/**
 * Counts the bytes that threads allocate. Unlike time, they do not depend on the load of
 * the machine. Compiled code may allocate less than interpreted code, never more, so a
 * bound that holds for interpreted code always holds.
 */
public final class Allocation {

	private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

	private static final int ROUNDS = 5;

	private Allocation() {
	}

	/**
	 * Measures an operation on this thread.
	 * @param times the number of runs in each of five rounds
	 * @param operation the operation
	 * @return the bytes allocated by one run in the round with the least bytes
	 */
	public static long of(int times, Runnable operation) {
		return least(times, operation, () -> THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()));
	}

	/**
	 * Measures an operation of this thread that runs on other threads.
	 * @param prefix the prefix of the names of those threads
	 * @param times the number of runs in each of five rounds
	 * @param operation the operation
	 * @return the bytes allocated by one run in the round with the least bytes
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
