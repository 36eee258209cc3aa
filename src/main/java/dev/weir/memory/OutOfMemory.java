package dev.weir.memory;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;

import org.jspecify.annotations.Nullable;

/**
 * Ends the process on an {@link OutOfMemoryError}, so that the platform starts a new one.
 * Java's {@code -XX:+ExitOnOutOfMemoryError} covers only errors that the virtual machine
 * throws. The error for exhausted direct memory is thrown by Java code, and without this
 * class it would be handled like a broken connection.
 */
public final class OutOfMemory {

	/**
	 * The exit code: {@code EX_OSERR} in BSD's {@code sysexits.h}.
	 */
	public static final int EXIT_CODE = 71;

	private static final int MAX_CAUSES = 16;

	// created while there is memory
	private static final byte[] MESSAGE = ("Weir exits: it is out of memory. Raise the limit (-Xmx, -XX:MaxDirectMemorySize,"
			+ " or that of the container) or lower weir.max-buffered. Exit code " + EXIT_CODE + "; error: ")
		.getBytes(StandardCharsets.UTF_8);

	private static final OutOfMemory PROCESS = new OutOfMemory(Runtime.getRuntime()::halt);

	private final IntConsumer halt;

	private final AtomicBoolean ended = new AtomicBoolean();

	OutOfMemory(IntConsumer halt) {
		this.halt = halt;
	}

	/**
	 * Ends the process if an error or one of its causes is an {@link OutOfMemoryError}.
	 * @param error the error, or {@code null}
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
			// not to the log, which needs memory
			System.err.write(MESSAGE, 0, MESSAGE.length);
			System.err.println(error.getMessage());
			System.err.flush();
		}
		finally {
			this.halt.accept(EXIT_CODE);
		}
	}

}
