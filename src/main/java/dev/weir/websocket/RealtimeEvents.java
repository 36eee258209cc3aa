package dev.weir.websocket;

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

	private static final String CREATED = "\"response.created\"";

	private static final String DONE = "\"response.done\"";

	/** Its usage is not part of a response, since another model has made it. */
	private static final String TRANSCRIBED = "\"conversation.item.input_audio_transcription.completed\"";

	private @Nullable UsageReader reader;

	private @Nullable Usage usage;

	private long offset;

	private int running;

	private boolean ofResponse;

	private boolean complete;

	/**
	 * Adds a part of a frame of the backend.
	 * @param part the part, which stays unchanged
	 */
	void add(FramePart part) {
		int opcode = part.header().opcode();
		if (opcode == FrameHeader.TEXT && part.begins()) {
			begin(part);
		}
		if (this.reader != null && !part.header().isControl()) {
			byte[] payload = part.payload(this.offset);
			this.offset = part.ends() ? 0 : this.offset + payload.length;
			this.reader.add(payload);
			if (part.ends() && part.header().last()) {
				this.usage = this.reader.usage();
				this.reader = null;
				this.complete = true;
				this.running = Math.max(0, this.running - (this.ofResponse ? 1 : 0));
			}
		}
	}

	private void begin(FramePart part) {
		ByteBuf bytes = part.bytes();
		int start = bytes.readerIndex() + part.header().size();
		int end = Math.min(bytes.writerIndex(), start + LOOKED_AT);
		this.offset = 0;
		if (contains(bytes, start, end, CREATED)) {
			this.running++;
		}
		else {
			this.ofResponse = contains(bytes, start, end, DONE);
			this.reader = (this.ofResponse || contains(bytes, start, end, TRANSCRIBED)) ? new UsageReader() : null;
		}
	}

	private static boolean contains(ByteBuf bytes, int start, int end, String text) {
		for (int i = start; i <= end - text.length(); i++) {
			int matched = 0;
			while (matched < text.length() && bytes.getByte(i + matched) == text.charAt(matched)) {
				matched++;
			}
			if (matched == text.length()) {
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

}
