package dev.weir.reply;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.stream.Usage;
import dev.weir.openai.stream.UsageReader;
import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.request.RequestContext;
import dev.weir.response.ResponseStart;

/**
 * Relays a response that is not a stream of events, byte for byte. If it breaks off, the
 * client's connection is closed.
 */
final class ByteRelay extends Relay {

	private final Duration patience;

	private final long length;

	private final byte[] first;

	private final @Nullable UsageReader usage;

	private final @Nullable ObjectRecorder objects;

	/**
	 * Creates the relay.
	 * @param context the request
	 * @param attempt the attempt of the response
	 * @param outcome its outcome if the response arrives completely
	 * @param start the beginning of the body
	 * @param format the length and type of the body
	 * @param objects records the stored objects that the body names, or {@code null}
	 */
	ByteRelay(RequestContext context, Attempt attempt, Outcome outcome, ResponseStart.Bytes start, Format format,
			@Nullable ObjectRecorder objects) {
		super(context, attempt, outcome, start.body());
		this.patience = context.pool().properties().streamIdleTimeout();
		this.length = format.length();
		this.first = start.first();
		this.usage = format.json() ? new UsageReader() : null;
		this.objects = objects;
	}

	@Override
	void start() {
		relay(this.first);
	}

	@Override
	void relay(byte[] bytes) {
		if (this.usage != null) {
			this.usage.add(bytes);
		}
		if (this.objects != null) {
			this.objects.onBytes(bytes, attempt());
		}
		write(bytes);
	}

	@Override
	void finish(boolean clean) {
		complete();
	}

	@Override
	void onStop() {
		Usage found = (this.usage != null) ? this.usage.usage() : null;
		if (found != null) {
			attempt().recordUsage(found);
		}
	}

	@Override
	void onBreak() {
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

	/**
	 * The length and the type of a body, from the head of the reply.
	 * 
	 * @param length the announced length in bytes, or -1
	 * @param json whether it is JSON, which may report its usage
	 */
	record Format(long length, boolean json) {
	}

}
