package dev.weir.openai.body;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;

import io.airlift.compress.zstd.ZstdOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.testing.Allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

class ContentCodingTests {

	private static final String TEXT = "{\"model\":\"gpt-4o\",\"messages\":[]}";

	/** The same text as the reference encoder of brotli writes it. */
	private static final String BROTLI = "8b0f807b226d6f64656c223a226770742d346f222c226d65737361676573223a5b5d7d03";

	/** 40 MB of spaces. */
	private static final String BROTLI_BOMB = "cbffff3ff82540e2b14020f7fe8fffff7ff04b00c4611180eefd1fffffffe0970088c302"
			+ "00ddfb3ffeffffc12f0110870500baf77ff9ffff875f02200e0b0074efff00";

	@ParameterizedTest
	@CsvSource(nullValues = "-", value = { "gzip, GZIP", "X-GZip, GZIP", " deflate , DEFLATE", "br, BR", "zstd, ZSTD",
			"'identity, gzip', GZIP", "'gzip,', GZIP", "identity, -", "'', -", "-, -" })
	void codingsAreFoundByName(String header, ContentCoding coding) {
		assertThat(ContentCoding.of(header)).isEqualTo(coding);
	}

	@ParameterizedTest
	@ValueSource(strings = { "compress", "aws-chunked", "gzip, br", "gzip, gzip", "x" })
	void otherCodingsAreRefusedWithAListOfTheSupportedOnes(String header) {
		ApiErrorException refusal = catchThrowableOfType(ApiErrorException.class, () -> ContentCoding.of(header));
		assertThat(refusal.error().status()).isEqualTo(415);
		assertThat(refusal.headers()).containsEntry("accept-encoding", "gzip, deflate, br, zstd");
	}

	static Stream<Arguments> coded() throws IOException {
		byte[] text = BodyText.bytes(TEXT);
		return Stream.of(Arguments.of(ContentCoding.GZIP, gzip(text)),
				Arguments.of(ContentCoding.DEFLATE, zlib(text, false)),
				Arguments.of(ContentCoding.DEFLATE, zlib(text, true)),
				Arguments.of(ContentCoding.BR, HexFormat.of().parseHex(BROTLI)),
				Arguments.of(ContentCoding.ZSTD, zstd(text)));
	}

	@ParameterizedTest
	@MethodSource("coded")
	void aBodyIsDecodedUpToExactlyTheLimit(ContentCoding coding, byte[] coded) {
		assertThat(coding.decode(coded, TEXT.length())).asString().isEqualTo(TEXT);
		assertThat(coding.decode(coded, TEXT.length() - 1)).isNull();
	}

	@ParameterizedTest
	@MethodSource("coded")
	void aTruncatedBodyIsMalformed(ContentCoding coding, byte[] coded) {
		for (int length : new int[] { 1, coded.length / 2, coded.length - 1 }) {
			assertThatExceptionOfType(MalformedRequestException.class)
				.isThrownBy(() -> coding.decode(Arrays.copyOf(coded, length), 1000))
				.withMessageContaining("Content-Encoding");
		}
	}

	@ParameterizedTest
	@EnumSource
	void aBodyWithoutCodingIsMalformed(ContentCoding coding) {
		for (byte[] body : new byte[][] { BodyText.bytes(TEXT), {}, new byte[100] }) {
			assertThatThrownBy(() -> coding.decode(body, 1000)).isInstanceOf(MalformedRequestException.class);
		}
	}

	static Stream<Arguments> bombs() throws IOException {
		byte[] spaces = new byte[40 * 1024 * 1024];
		return Stream.of(Arguments.of(ContentCoding.GZIP, gzip(spaces)),
				Arguments.of(ContentCoding.DEFLATE, zlib(spaces, false)),
				Arguments.of(ContentCoding.BR, HexFormat.of().parseHex(BROTLI_BOMB)),
				Arguments.of(ContentCoding.ZSTD, zstd(spaces)));
	}

	@ParameterizedTest
	@MethodSource("bombs")
	void aBombTakesLittleMemory(ContentCoding coding, byte[] coded) {
		assertThat(coding.decode(coded, 64 * 1024)).isNull();
		assertThat(Allocation.of(1, () -> coding.decode(coded, 64 * 1024))).isLessThan(12 * 1024 * 1024);
	}

	@Test
	void gzipMayHaveManyMembersAndEmptyOnes() throws IOException {
		ByteArrayOutputStream members = new ByteArrayOutputStream();
		byte[] empty = gzip(new byte[0]);
		for (int i = 0; i < 100_000; i++) {
			members.write(empty);
		}
		members.write(gzip(BodyText.bytes("a")));
		members.write(empty);
		members.write(gzip(BodyText.bytes("b")));
		assertThat(ContentCoding.GZIP.decode(members.toByteArray(), 1000)).asString().isEqualTo("ab");
	}

	@Test
	void gzipMayHaveEveryFieldInItsHeader() throws IOException {
		byte[] plain = gzip(BodyText.bytes(TEXT));
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		all.write(new byte[] { 0x1F, (byte) 0x8B, 8, 2 + 4 + 8 + 16, 1, 2, 3, 4, 0, 3 });
		all.write(new byte[] { 3, 0, 'x', 'y', 'z', 'n', 'a', 0, 'c', 0, 7, 7 });
		all.write(plain, 10, plain.length - 10);
		assertThat(ContentCoding.GZIP.decode(all.toByteArray(), 1000)).asString().isEqualTo(TEXT);
	}

	@ParameterizedTest
	@ValueSource(ints = { -1, -4, -5, -8 })
	void gzipWithAWrongCheckSumOrLengthIsMalformed(int at) throws IOException {
		byte[] coded = gzip(BodyText.bytes(TEXT));
		coded[coded.length + at] ^= 1;
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> ContentCoding.GZIP.decode(coded, 1000));
	}

	private static byte[] gzip(byte[] plain) throws IOException {
		ByteArrayOutputStream coded = new ByteArrayOutputStream();
		try (OutputStream out = new GZIPOutputStream(coded)) {
			out.write(plain);
		}
		return coded.toByteArray();
	}

	private static byte[] zlib(byte[] plain, boolean bare) throws IOException {
		ByteArrayOutputStream coded = new ByteArrayOutputStream();
		try (OutputStream out = new DeflaterOutputStream(coded, new Deflater(-1, bare))) {
			out.write(plain);
		}
		return coded.toByteArray();
	}

	private static byte[] zstd(byte[] plain) throws IOException {
		ByteArrayOutputStream coded = new ByteArrayOutputStream();
		try (OutputStream out = new ZstdOutputStream(coded)) {
			out.write(plain);
		}
		return coded.toByteArray();
	}

}
