package dev.weir.memory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Errors that end the process.
 */
class OutOfMemoryTests {

	private final List<Integer> halts = new ArrayList<>();

	private final OutOfMemory memory = new OutOfMemory(this.halts::add);

	@ParameterizedTest
	@MethodSource
	void anOutOfMemoryErrorEndsTheProcess(Throwable error) {
		this.memory.examine(error);
		assertThat(this.halts).containsExactly(OutOfMemory.EXIT_CODE);
	}

	static Stream<Throwable> anOutOfMemoryErrorEndsTheProcess() {
		OutOfMemoryError error = new OutOfMemoryError("Cannot reserve 32768 bytes of direct buffer memory");
		return Stream.of(error, new IllegalStateException(new IOException(error)), new OutOfMemoryError());
	}

	@Test
	void otherErrorsDoNotEndTheProcess() {
		IllegalStateException circular = new IllegalStateException();
		circular.initCause(new IllegalStateException(circular));
		for (Throwable error : new Throwable[] { new IOException("Out of memory"), new StackOverflowError(), circular,
				null }) {
			this.memory.examine(error);
		}
		assertThat(this.halts).isEmpty();
	}

	@Test
	void onlyTheFirstErrorEndsTheProcess() {
		this.memory.examine(new OutOfMemoryError());
		this.memory.examine(new OutOfMemoryError());
		assertThat(this.halts).hasSize(1);
	}

}
