package dev.weir.failover;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.stream.Usage;
import dev.weir.openai.stream.UsageReader;

/**
 * Brings an answer that is no stream of events to the client, byte for byte. If it breaks
 * off, the client's connection does, too.
 */
final class ByteRelay extends Relay {

	private final Duration patience;

	private final long length;

	private final byte[] first;

	private final @Nullable UsageReader usage;

	/**
	 * Prepares.
	 * @param answering the answer
	 * @param start how it begins
	 * @param patience how long it may be silent
	 * @param length how long it says it is, or -1
	 * @param json whether it is JSON, which may say what it cost
	 * @param timing what time is told by
	 * @param turn what is run by
	 */
	ByteRelay(Ending.Answering answering, AnswerStart.Bytes start, Duration patience, long length, boolean json,
			Timing timing, SerialExecutor turn) {
		super(answering, timing, turn);
		this.patience = patience;
		this.length = length;
		this.first = start.first();
		this.usage = json ? new UsageReader() : null;
	}

	@Override
	void start() {
		take(this.first);
	}

	@Override
	void take(byte[] bytes) {
		if (this.usage != null) {
			this.usage.add(bytes);
		}
		write(bytes);
	}

	@Override
	void finish(boolean clean) {
		Usage found = (this.usage != null) ? this.usage.usage() : null;
		if (found != null) {
			attempt().used(found.inputTokens(), found.outputTokens());
		}
		complete();
	}

	@Override
	void breakOff() {
		abort();
	}

	@Override
	boolean isComplete(long bytes) {
		return bytes == this.length;
	}

	@Override
	Duration patience() {
		return this.patience;
	}

}
