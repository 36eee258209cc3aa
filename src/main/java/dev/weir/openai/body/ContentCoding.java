package dev.weir.openai.body;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

import io.airlift.compress.zstd.ZstdInputStream;
import org.brotli.dec.BrotliInputStream;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;

/**
 * A coding in which a client may compress a request body (RFC 9110, section 8.4.1; for
 * {@code br} RFC 7932; for {@code zstd} RFC 8878).
 */
public enum ContentCoding {

	GZIP,

	/**
	 * The zlib format. The raw deflate format is accepted, too, since some clients send
	 * it under this name.
	 */
	DEFLATE,

	BR,

	ZSTD;

	/** The value for {@code accept-encoding}. */
	private static final String SUPPORTED = "gzip, deflate, br, zstd";

	/**
	 * Finds the coding of a body.
	 * @param header the value of {@code content-encoding}, or {@code null}
	 * @return the coding, or {@code null} if the body is not encoded
	 * @throws ApiErrorException with status 415 and the supported codings if the coding
	 * is not supported or there is more than one (RFC 9110, section 15.5.16)
	 */
	public static @Nullable ContentCoding of(@Nullable String header) {
		List<String> names = names(header);
		if (names.isEmpty()) {
			return null;
		}
		return switch ((names.size() == 1) ? names.get(0) : "") {
			case "gzip", "x-gzip" -> GZIP;
			case "deflate" -> DEFLATE;
			case "br" -> BR;
			case "zstd" -> ZSTD;
			default -> throw unsupported();
		};
	}

	/**
	 * Reads the names of all codings of a body.
	 * @param header the value of {@code content-encoding}, or {@code null}
	 * @return the names in lower case without {@code identity}, in the order in which
	 * they were applied
	 */
	public static List<String> names(@Nullable String header) {
		return (header == null) ? List.of()
				: Stream.of(header.split(","))
					.map((name) -> name.strip().toLowerCase(Locale.ROOT))
					.filter((name) -> !name.isEmpty() && !name.equals("identity"))
					.toList();
	}

	private static ApiErrorException unsupported() {
		return new ApiErrorException(
				new ApiError(415, "The content-encoding of the body is not supported. Use one of: " + SUPPORTED + ".",
						"invalid_request_error", null, "unsupported_content_encoding"),
				Map.of("accept-encoding", SUPPORTED));
	}

	/**
	 * Decodes a body. Must not run on an event loop: tens of megabytes take up to a
	 * second. Needs memory for the result and for the window of the coding, which has at
	 * most 16 MB.
	 * @param encoded the whole body
	 * @param max the longest allowed result, in bytes
	 * @return the decoded body, or {@code null} if it is longer than {@code max}
	 * @throws MalformedRequestException if the body is not valid in this coding
	 */
	public byte @Nullable [] decode(byte[] encoded, int max) {
		try (InputStream decoder = decoder(encoded)) {
			byte[] decoded = decoder.readNBytes(max);
			return (decoder.read() < 0) ? decoded : null;
		}
		catch (IOException | RuntimeException ex) {
			throw new MalformedRequestException("The request body is not valid " + name().toLowerCase(Locale.ROOT)
					+ ", which its Content-Encoding names");
		}
	}

	private InputStream decoder(byte[] encoded) throws IOException {
		return switch (this) {
			case GZIP -> new GzipReader(encoded);
			case DEFLATE -> inflater(encoded);
			case BR -> new BrotliInputStream(new ByteArrayInputStream(encoded));
			case ZSTD -> new ZstdInputStream(new ByteArrayInputStream(encoded));
		};
	}

	private static InputStream inflater(byte[] encoded) {
		Inflater inflater = new Inflater(!isZlib(encoded));
		return new InflaterInputStream(new ByteArrayInputStream(encoded), inflater, 8192) {

			@Override
			public void close() throws IOException {
				super.close();
				inflater.end();
			}

		};
	}

	/** RFC 1950, section 2.2: the method is 8, and the two bytes divide by 31. */
	private static boolean isZlib(byte[] encoded) {
		return encoded.length > 1 && (encoded[0] & 0x0F) == 8
				&& ((encoded[0] & 0xFF) << 8 | (encoded[1] & 0xFF)) % 31 == 0;
	}

}
