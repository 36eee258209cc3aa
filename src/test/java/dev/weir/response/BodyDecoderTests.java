package dev.weir.response;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;

import io.netty.handler.codec.compression.DecompressionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class BodyDecoderTests {

	private static final String TEXT = "{\"some\":\"JSON\"} ".repeat(500);

	@ParameterizedTest
	@CsvSource({ "gzip, gzip, 1", "GZIP, gzip, 100", "x-gzip, gzip, 100000", "deflate, zlib, 3", "deflate, raw, 3",
			"'identity, gzip', gzip, 50" })
	void anEncodedBodyIsDecoded(String header, String coding, int size) {
		BodyDecoder decoder = BodyDecoder.of(header);
		byte[] coded = coded(coding, bytes(TEXT));
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		for (int from = 0; from < coded.length; from += size) {
			assertThat(decoder.mayEnd()).isEqualTo(from == 0);
			decoder.add(Arrays.copyOfRange(coded, from, Math.min(coded.length, from + size)));
			for (byte[] next = decoder.next(); next != null; next = decoder.next()) {
				all.writeBytes(next);
			}
		}
		assertThat(all.toString(StandardCharsets.UTF_8)).isEqualTo(TEXT);
		assertThat(decoder.mayEnd()).isTrue();
		assertThat(decoder.hasInput()).isFalse();
		decoder.close();
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "identity", " , identity", "unknown", "gzip, gzip", "aws-chunked" })
	void anUnknownOrMissingEncodingHasNoDecoder(String header) {
		assertThat(BodyDecoder.of(header)).isNull();
		assertThat(BodyDecoder.isEncoded(header))
			.isEqualTo(header.contains("unknown") || header.contains("gzip") || header.contains("aws"));
	}

	@Test
	void anEmptyBodyMayEnd() {
		BodyDecoder decoder = BodyDecoder.of("gzip");
		assertThat(decoder.mayEnd()).isTrue();
		assertThat(decoder.next()).isNull();
		decoder.close();
	}

	@Test
	void aPlainBodyWithAnEncodingHeaderIsUnchanged() {
		BodyDecoder decoder = BodyDecoder.of("gzip");
		decoder.add(bytes("data: "));
		decoder.add(bytes("a\n\n"));
		assertThat(decoder.next()).asString().isEqualTo("data: ");
		assertThat(decoder.next()).asString().isEqualTo("a\n\n");
		assertThat(decoder.mayEnd()).isTrue();
		decoder.close();
	}

	@Test
	void anInvalidBodyFails() {
		BodyDecoder decoder = BodyDecoder.of("gzip");
		byte[] coded = coded("gzip", bytes(TEXT));
		Arrays.fill(coded, 10, 60, (byte) 0xff);
		decoder.add(coded);
		assertThatThrownBy(() -> {
			while (decoder.next() != null) {
				// until it fails
			}
		}).isInstanceOf(DecompressionException.class);
		decoder.close();
	}

	@Test
	void aDecompressionBombIsDecodedOnlyAsFastAsItIsRead() {
		byte[] bomb = coded("gzip", new byte[64 * 1024 * 1024]);
		BodyDecoder decoder = BodyDecoder.of("gzip");
		decoder.add(bomb);
		int taken = 0;
		for (int i = 0; i < 4; i++) {
			byte[] next = decoder.next();
			assertThat(next.length).isLessThanOrEqualTo(600 * 1024);
			taken += next.length;
		}
		assertThat(taken).isPositive();
		assertThat(decoder.hasInput()).isTrue();
		decoder.close();
		assertThat(decoder.hasInput()).isFalse();
	}

	private static byte[] coded(String coding, byte[] bytes) {
		ByteArrayOutputStream coded = new ByteArrayOutputStream();
		try (OutputStream out = switch (coding) {
			case "gzip" -> new GZIPOutputStream(coded);
			case "zlib" -> new DeflaterOutputStream(coded);
			default -> new DeflaterOutputStream(coded, new Deflater(Deflater.DEFAULT_COMPRESSION, true));
		}) {
			out.write(bytes);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return coded.toByteArray();
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
