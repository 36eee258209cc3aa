package dev.weir.websocket;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.stream.Usage;
import dev.weir.openai.stream.UsageReader;

/**
 * Recognizes the events of a realtime session that begin and end a response, or end a
 * transcription, by the first bytes of each text message. Only the messages that end one
 * of them are read, for their usage.
 */
final class RealtimeEvents {

	/** Events begin with their id and their type. */
	private static final int LOOKED_AT = 256;

	private static final byte[] CREATED = bytes("\"response.created\"");

	private static final byte[] DONE = bytes("\"response.done\"");

	/** Its usage is not part of a response, since another model has made it. */
	private static final byte[] TRANSCRIBED = bytes("\"conversation.item.input_audio_transcription.completed\"");

	private static final byte[] OF_RESPONSE = bytes("\"response.");

	private static final byte[] DELTA = bytes(".delta\"");

	/** The first bytes of the current message, which may arrive in many parts. */
	private final byte[] start = new byte[LOOKED_AT];

	private int startLength;

	/** Whether it is open which event the current message is. */
	private boolean undecided;

	private @Nullable UsageReader reader;

	private @Nullable Usage usage;

	private int running;

	/** Those since no response ran. */
	private long deltas;

	private boolean ofResponse;

	private boolean complete;

	/**
	 * Adds a part of a frame of the backend.
	 * @param part the part, which stays unchanged
	 */
	void add(FramePart part) {
		FrameHeader header = part.header();
		if (header.isControl()) {
			return;
		}
		if (part.begins() && header.opcode() != FrameHeader.CONTINUATION) {
			this.undecided = header.opcode() == FrameHeader.TEXT;
			this.startLength = 0;
			this.reader = null;
		}
		boolean ends = part.ends() && header.last();
		if (this.undecided) {
			recognize(part, ends);
		}
		else if (this.reader != null) {
			this.reader.add(part.payload(0));
		}
		if (ends && this.reader != null) {
			this.usage = this.reader.usage();
			this.reader = null;
			this.complete = true;
			this.running = Math.max(0, this.running - (this.ofResponse ? 1 : 0));
			this.deltas = (this.running > 0) ? this.deltas : 0;
		}
	}

	private void recognize(FramePart part, boolean ends) {
		int before = this.startLength;
		ByteBuf bytes = part.bytes();
		int skipped = part.begins() ? part.header().size() : 0;
		int count = Math.min(bytes.readableBytes() - skipped, LOOKED_AT - before);
		// frames of a backend are not masked
		bytes.getBytes(bytes.readerIndex() + skipped, this.start, before, count);
		this.startLength += count;
		if (this.startLength < LOOKED_AT && !ends) {
			return;
		}
		this.undecided = false;
		if (startContains(CREATED)) {
			this.running++;
			return;
		}
		this.ofResponse = startContains(DONE);
		if (this.ofResponse || startContains(TRANSCRIBED)) {
			UsageReader fresh = new UsageReader();
			fresh.add(Arrays.copyOf(this.start, before));
			fresh.add(part.payload(0));
			this.reader = fresh;
		}
		else if (this.running > 0 && startContains(OF_RESPONSE) && startContains(DELTA)) {
			this.deltas++;
		}
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

	private boolean startContains(byte[] text) {
		for (int i = 0; i <= this.startLength - text.length; i++) {
			if (Arrays.equals(this.start, i, i + text.length, text, 0, text.length)) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Whether a response or a transcription has ended since the last call of
	 * {@link #takeUsage()}.
	 * @return whether the message that ends it is complete
	 */
	boolean isComplete() {
		return this.complete;
	}

	/**
	 * The usage of what has ended.
	 * @return the usage, or {@code null} if there is none
	 */
	@Nullable Usage takeUsage() {
		Usage taken = this.usage;
		this.usage = null;
		this.complete = false;
		return taken;
	}

	/**
	 * How many responses are running.
	 * @return the number
	 */
	int running() {
		return this.running;
	}

	/**
	 * How many deltas the responses have sent that are running.
	 * @return the number, with those of responses that have ended while others ran
	 */
	long deltas() {
		return this.deltas;
	}

}
