package dev.weir.server;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.ReferenceCountUtil;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Mutations;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests whose framing is broken at random: how they are split into packets must not
 * decide what they mean.
 */
class RequestDecoderFuzzTests {

	private static final List<String> REQUESTS = List.of(
			"POST /v1/files HTTP/1.1\r\nhost: weir.test\r\ncontent-length: 4\r\n\r\nbody",
			"POST /v1/files HTTP/1.1\r\nhost: weir.test\r\ntransfer-encoding: chunked\r\n\r\n"
					+ "4;a=b\r\nbody\r\n0\r\nx-t: v\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
			"GET /v1/models HTTP/1.0\r\nHost: weir.test\r\nx: y\r\n\r\n");

	private static final List<String> TOKENS = List.of("\r\n", "\n", "\r", " ", "\t", ":", "0\r\n\r\n", "chunked",
			"content-length: 5\r\n", "transfer-encoding: chunked\r\n", "Transfer-Encoding : x\r\n", "host: b\r\n",
			"HTTP/1.1", "HTTP/1.0", "GET ", "ffffffffffffffff", "-1", "+4", "0x4", ";", ",", "\u0000", " chunked",
			"identity, chunked", "\u000b");

	@ParameterizedTest
	@ValueSource(longs = { 1, 2, 3 })
	void c6RequestsMeanTheSameHoweverTheyAreSplit(long seed) {
		Mutations mutations = Mutations.ofText(seed, REQUESTS, TOKENS);
		mutations.forEach(5_000, (input) -> {
			EmbeddedChannel whole = channel();
			whole.writeInbound(Unpooled.wrappedBuffer(input));
			String expected = decoded(whole);
			EmbeddedChannel parts = channel();
			mutations.split(input, (part) -> parts.writeInbound(Unpooled.wrappedBuffer(part)));
			assertThat(decoded(parts)).isEqualTo(expected);
		});
	}

	private static EmbeddedChannel channel() {
		return new EmbeddedChannel(new RequestDecoder(new HttpDecoderConfig(), new PendingMethods()));
	}

	/** The valid requests before the first that is broken, with their bodies. */
	private static String decoded(EmbeddedChannel channel) {
		StringBuilder text = new StringBuilder();
		boolean broken = false;
		for (Object message = channel.readInbound(); message != null; message = channel.readInbound()) {
			boolean failed = (message instanceof HttpMessage head && head.decoderResult().isFailure())
					|| (message instanceof HttpContent content && content.decoderResult().isFailure());
			if (failed && !broken) {
				text.append(" broken");
			}
			broken |= failed;
			if (!broken && message instanceof HttpRequest request) {
				text.append('\n').append(request.method()).append(request.uri()).append(request.headers().entries());
			}
			if (!broken && message instanceof HttpContent content) {
				text.append(content.content().toString(StandardCharsets.ISO_8859_1));
			}
			ReferenceCountUtil.release(message);
		}
		channel.finishAndReleaseAll();
		return text.toString();
	}

}
