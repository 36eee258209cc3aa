package dev.weir.server;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.ReferenceCountUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Heads that arrive in two parts.
 */
class RequestDecoderTests {

	private static final String GOOD = "POST /v1/files HTTP/1.1\r\nhost: weir.test\r\nCookie: c=1\r\ncontent-length: 2\r\n\r\n";

	@ParameterizedTest
	@ValueSource(
			strings = { "x-team: a\r\n b\r\n", "x-team: a\r\n\tb\r\n", "x-team:\r\n \r\n", "Content-Length: 2\r\n" })
	void c6AnAmbiguousHeadIsRefusedWhereverItIsSplit(String lines) {
		String head = GOOD.replace("Cookie: c=1\r\n", lines);
		for (int split = 1; split < head.length(); split++) {
			assertThat(isDecoded(head, split)).as("split after %d", split).isFalse();
		}
	}

	@Test
	void aValidHeadIsDecodedWhereverItIsSplit() {
		for (int split = 1; split < GOOD.length(); split++) {
			assertThat(isDecoded(GOOD, split)).as("split after %d", split).isTrue();
		}
	}

	@Test
	void leadingWhiteSpaceInABodyIsNotAFoldedHeader() {
		EmbeddedChannel channel = channel();
		write(channel, GOOD.replace("length: 2", "length: 9") + "\r\n a: b\r\n" + GOOD);
		assertThat(requests(channel)).isEqualTo(2);
		channel.finishAndReleaseAll();
	}

	private static boolean isDecoded(String head, int split) {
		EmbeddedChannel channel = channel();
		write(channel, head.substring(0, split));
		write(channel, head.substring(split));
		int requests = requests(channel);
		channel.finishAndReleaseAll();
		return requests == 1;
	}

	private static EmbeddedChannel channel() {
		return new EmbeddedChannel(new RequestDecoder(new HttpDecoderConfig(), new PendingMethods()));
	}

	private static void write(EmbeddedChannel channel, String text) {
		channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1));
	}

	/** How many requests were decoded without a failure. */
	private static int requests(EmbeddedChannel channel) {
		int requests = 0;
		for (Object message = channel.readInbound(); message != null; message = channel.readInbound()) {
			if (message instanceof HttpRequest request && request.decoderResult().isSuccess()) {
				requests++;
			}
			ReferenceCountUtil.release(message);
		}
		return requests;
	}

}
