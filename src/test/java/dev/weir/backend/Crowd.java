package dev.weir.backend;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/**
 * Many threads that run the same code concurrently.
 */
final class Crowd {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final ExecutorService threads = Executors.newCachedThreadPool((task) -> {
		Thread thread = new Thread(task, "crowd");
		thread.setDaemon(true);
		return thread;
	});

	private Crowd() {
	}

	/**
	 * Calls a supplier many times on each of several threads.
	 * @param count the number of threads
	 * @param times how often each thread calls it
	 * @param source the supplier
	 * @return the results that are not {@code null}
	 */
	static <T> List<T> collect(int count, int times, Supplier<? extends @Nullable T> source) {
		CyclicBarrier start = new CyclicBarrier(count);
		List<Future<List<T>>> results = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			Callable<List<T>> one = () -> {
				start.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
				return Stream.<T>generate(source::get).limit(times).filter(Objects::nonNull).toList();
			};
			results.add(threads.submit(one));
		}
		return results.stream().flatMap((result) -> await(result).stream()).toList();
	}

	/**
	 * Runs an action for each of several objects, all at the same time.
	 * @param things the objects
	 * @param action the action
	 */
	static <T> void each(List<T> things, Consumer<T> action) {
		things.stream().map((thing) -> threads.submit(() -> action.accept(thing))).toList().forEach(Crowd::await);
	}

	private static <T> T await(Future<T> future) {
		try {
			return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
		}
		catch (InterruptedException | ExecutionException | TimeoutException ex) {
			throw new AssertionError(ex);
		}
	}

}
