package dev.weir.websocket;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.stream.Usage;
import dev.weir.testing.RawWebSocket;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Events of a realtime session, whatever parts their messages arrive in.
 */
class RealtimeEventsTests {

	private static final String CREATED = "{\"type\":\"response.created\",\"event_id\":\"e\",\"response\":{}}";

	private static final String USAGE = "\"usage\":{\"input_tokens\":30,\"output_tokens\":20,\"total_tokens\":50}";

	private static final String DONE = "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":{\"id\":\"r\","
			+ USAGE + "}}";

	private final RealtimeEvents events = new RealtimeEvents();

	/** Adds a frame in two parts; the first ends after a number of bytes. */
	private void add(int opcode, boolean last, byte[] payload, int cut) {
		byte[] frame = RawWebSocket.bytesOf(opcode, last, false, payload);
		ByteBuf all = Unpooled.wrappedBuffer(frame);
		FrameHeader header = FrameHeader.peek(all);
		assertThat(header).isNotNull();
		int first = Math.min(frame.length, Math.max(header.size(), cut));
		this.events.add(new FramePart(header, all.slice(0, first), true, first == frame.length));
		if (first < frame.length) {
			this.events.add(new FramePart(header, all.slice(first, frame.length - first), false, true));
		}
	}

	private void add(String message, int cut) {
		add(RawWebSocket.TEXT, true, message.getBytes(StandardCharsets.UTF_8), cut);
	}

	private void assertUsage() {
		assertThat(this.events.isComplete()).isTrue();
		assertThat(this.events.takeUsage()).isEqualTo(new Usage(30, 20));
		assertThat(this.events.running()).isZero();
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 100, 1000, 70_000, 1_100_000 })
	void aResponseIsRecognizedWhereverTheFirstPartOfItsEndIsCut(int length) {
		String done = DONE.replace("\"id\"", "\"instructions\":\"" + "x".repeat(length) + "\",\"id\"");
		for (int cut = 0; cut < 400; cut += (cut < 40 || length < 70_000) ? 1 : 50) {
			add(CREATED, cut);
			assertThat(this.events.running()).isEqualTo(1);
			add(done, cut);
			assertUsage();
		}
	}

	@Test
	void aResponseIsRecognizedWhoseEndComesInFragmentsWithPingsBetween() {
		byte[] done = DONE.getBytes(StandardCharsets.UTF_8);
		for (int size = 1; size < done.length; size++) {
			add(CREATED, 0);
			for (int from = 0; from < done.length; from += size) {
				int to = Math.min(done.length, from + size);
				add((from == 0) ? RawWebSocket.TEXT : RawWebSocket.CONTINUATION, to == done.length,
						Arrays.copyOfRange(done, from, to), 0);
				add(RawWebSocket.PING, true, new byte[3], 5);
			}
			assertUsage();
		}
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 70_000, 1_100_000 })
	void theDeltasOfRunningResponsesAreCounted(int length) {
		String delta = "{\"type\":\"response.output_audio.delta\",\"event_id\":\"e\",\"delta\":\"" + "x".repeat(length)
				+ "\"}";
		add(delta, 0);
		assertThat(this.events.deltas()).as("of no response").isZero();
		add(CREATED, 0);
		add(CREATED, 0);
		add(delta, 10);
		add(delta, 1000);
		add("{\"type\":\"conversation.item.input_audio_transcription.delta\",\"delta\":\"a\"}", 0);
		add("{\"type\":\"response.output_audio.done\",\"event_id\":\"e\"}", 0);
		assertThat(this.events.deltas()).isEqualTo(2);
		add(DONE, 0);
		assertThat(this.events.deltas()).as("another response runs").isEqualTo(2);
		add(DONE, 0);
		assertThat(this.events.deltas()).isZero();
	}

	@Test
	void otherMessagesAreIgnored() {
		byte[] done = DONE.getBytes(StandardCharsets.UTF_8);
		add(RawWebSocket.BINARY, false, done, 0);
		add(RawWebSocket.CONTINUATION, true, done, 0);
		add("", 0);
		add("{\"type\":\"response.output_text.delta\",\"delta\":\"\\\"response.done\\\"\"," + USAGE + "}", 0);
		add("{\"type\":\"other\",\"pad\":\"" + "x".repeat(300) + "\",\"a\":" + DONE + "}", 0);
		assertThat(this.events.isComplete()).isFalse();
		assertThat(this.events.takeUsage()).isNull();
	}

}
