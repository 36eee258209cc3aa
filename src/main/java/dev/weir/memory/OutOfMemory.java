package dev.weir.memory;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;

import org.jspecify.annotations.Nullable;

/**
 * Ends the process when memory has run out, so that the platform starts a new one. Java's
 * {@code -XX:+ExitOnOutOfMemoryError} does so for errors that the virtual machine itself
 * throws; that direct memory is used up is thrown by Java code and looks to everybody
 * else like a broken connection.
 */
public final class OutOfMemory {

	/**
	 * The exit code: that of a failure of the operating system in BSD's
	 * {@code sysexits.h}.
	 */
	public static final int EXIT_CODE = 71;

	private static final int MAX_CAUSES = 16;

	// made before there is no memory for it
	private static final byte[] LINE = ("Weir ends: memory has run out. Raise the limit (-Xmx, -XX:MaxDirectMemorySize,"
			+ " the container's) or lower weir.max-buffered. Exit code " + EXIT_CODE + "; the error was: ")
		.getBytes(StandardCharsets.UTF_8);

	private static final OutOfMemory PROCESS = new OutOfMemory(Runtime.getRuntime()::halt);

	private final IntConsumer halt;

	private final AtomicBoolean ended = new AtomicBoolean();

	OutOfMemory(IntConsumer halt) {
		this.halt = halt;
	}

	/**
	 * Ends the process if an error, or what caused it, is that memory has run out.
	 * @param error what was thrown, or {@code null}
	 */
	public static void check(@Nullable Throwable error) {
		PROCESS.examine(error);
	}

	void examine(@Nullable Throwable error) {
		Throwable cause = error;
		for (int i = 0; i < MAX_CAUSES && cause != null; i++) {
			if (cause instanceof OutOfMemoryError memory) {
				end(memory);
				return;
			}
			cause = cause.getCause();
		}
	}

	private void end(OutOfMemoryError error) {
		if (!this.ended.compareAndSet(false, true)) {
			return;
		}
		try {
			// the log may need memory, or a thread that does not get any
			System.err.write(LINE, 0, LINE.length);
			System.err.println(error.getMessage());
			System.err.flush();
		}
		finally {
			this.halt.accept(EXIT_CODE);
		}
	}

}
