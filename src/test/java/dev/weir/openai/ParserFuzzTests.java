package dev.weir.openai;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;

import io.airlift.compress.zstd.ZstdOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.body.ContentCoding;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.call.SafePath;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.quota.DelayParser;
import dev.weir.openai.quota.QuotaHeaders;
import dev.weir.openai.stream.EventSplitter;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.Usage;
import dev.weir.openai.stream.UsageReader;
import dev.weir.testing.Mutations;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The parsers that read what strangers and backends send: whatever they get, they return
 * a valid result or refuse it with an error for the client. {@code RequestBodyFuzzTests}
 * does the same for bodies, {@code RequestDecoderFuzzTests} for heads.
 */
class ParserFuzzTests {

	private static final List<String> PATHS = List.of("/v1/chat/completions", "/openai/deployments/gpt-4o/embeddings",
			"/openai/v1/responses/resp_1/input_items", "/v1/models/org%2Fmodel", "/v1//files/%C3%A9/content",
			"/openai/deployments/a%2fb/chat/completions", "/openai/files/f%41");

	private static final List<String> PATH_TOKENS = List.of("..", "%2e", "%2E%2E", "/", "//", "%2f", "%5c", "\\", ";",
			"%00", "%0d%0a", "%25", "%", "é", "%C3", "%c0%ae", "v1/", "openai/", "deployments/", "models/", ":", "@",
			"?", "#", " ", "\t", "%7F", "./");

	private static final List<String> QUERIES = List.of("api-version=2024-10-21&include[]=a&model=gpt%2D4o",
			"api-key=secret&api-version=preview", "after=x&limit=5&order=asc", "model=a+b");

	private static final List<String> QUERY_TOKENS = List.of("&", "=", "api-key=", "api%2Dkey=", "%", "+", "%26", "[]",
			"\u0000", "é", "model=", "api-version=", "?", "#");

	private static final List<String> EVENTS = List.of("""
			: comment

			event: response.completed
			id: 1
			data: {"type":"response.completed","response":{"usage":{"input_tokens":1,"output_tokens":2}}}

			data: {"choices":[{"index":0,"delta":{"content":"a\\u00e9"},"finish_reason":null}],"usage":null}

			data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}

			data: {"error":{"message":"x","code":429}}

			data: [DONE]

			""", "data: a\r\n\r\ndata: b\rdata: c\r\r\ufeffdata\n\n");

	private static final List<String> EVENT_TOKENS = List.of("\n", "\r", "\r\n", "\n\n", "data:", "data: ", "event: ",
			"event: error\n", "retry: 1\n", ":", "[DONE]", "{", "}", "[", "]", "\"", "\\", "null", "1e999", "-",
			"\"usage\":", "\"error\":", "\"choices\":", "\u0000", "\ufeff", "[[[[[[[[[[", "{\"a\":{\"a\":");

	private static final List<String> DELAYS = List.of("1", "1.5", "1h2m3.5s", "12ms", "6m0s", "999999999999999999999",
			"0.000000001", "1d", "Thu, 01 Jan 1970 00:00:00 GMT");

	private static final List<String> DELAY_TOKENS = List.of("-", "+", ".", "e9", "s", "ms", "h", "d", "µs", " ", "0",
			"99999999", ",", "NaN", "Infinity", "\u0000");

	@ParameterizedTest
	@ValueSource(longs = { 1, 2 })
	void c7EveryPathIsRefusedOrSafe(long seed) {
		Mutations.ofText(seed, PATHS, PATH_TOKENS).forEachText(20_000, (raw) -> {
			String path = safeOrNull(raw);
			if (path != null) {
				assertThat(path).startsWith("/").doesNotContain("\\", "%5C", "%00", "%0D", "%0A", ";", "//");
				assertThat(Stream.of(path.replace("%2F", "/").split("/"))).doesNotContain("..", ".");
				assertThat(SafePath.of(path)).isEqualTo(path);
				assertThat(URI.create("http://weir" + path).getRawPath()).isEqualTo(path);
			}
		});
	}

	private static @Nullable String safeOrNull(String raw) {
		try {
			return SafePath.of(raw);
		}
		catch (ApiErrorException ex) {
			assertThat(ex.error().status()).isEqualTo(400);
			return null;
		}
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, 2 })
	void everyTargetIsRefusedOrWrittenAsAUriWithoutTheKey(long seed) {
		Mutations paths = Mutations.ofText(seed, PATHS, PATH_TOKENS);
		Mutations.ofText(seed, QUERIES, QUERY_TOKENS).forEachText(20_000, (query) -> {
			String path = safeOrNull(new String(paths.next(), StandardCharsets.ISO_8859_1));
			if (path == null || !isValidQuery(query)) {
				return;
			}
			ApiPath target;
			try {
				target = ApiPath.parse("POST", path, query);
			}
			catch (MalformedRequestException | ApiErrorException ex) {
				return;
			}
			for (String written : List.of(target.toOpenAiTarget(), target.toAzureTarget("d/é", null),
					target.toAzureTarget("d", "2024-10-21"))) {
				assertThat(written).startsWith("/").doesNotContain("\r", "\n", " ");
				URI uri = URI.create("http://backend" + written.replace("[", "%5B").replace("]", "%5D"));
				assertThat(uri.getHost()).isEqualTo("backend");
				assertThat(List.of(String.valueOf(uri.getRawQuery()).split("&")))
					.noneMatch((parameter) -> parameter.startsWith("api-key="));
			}
		});
	}

	/** As Netty and Spring have checked it before. */
	private static boolean isValidQuery(String query) {
		try {
			return URI.create("http://weir/?" + query.replace("[", "%5B").replace("]", "%5D")).getRawFragment() == null;
		}
		catch (IllegalArgumentException ex) {
			return false;
		}
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, 2 })
	void aStreamHasTheSameEventsHoweverItArrivesAndNoByteIsLost(long seed) {
		Mutations mutations = Mutations.ofText(seed, EVENTS, EVENT_TOKENS);
		mutations.forEach(5_000, (stream) -> {
			EventSplitter whole = new EventSplitter(1 << 20);
			List<StreamEvent> expected = whole.add(stream);
			EventSplitter parts = new EventSplitter(1 << 20);
			List<StreamEvent> events = new ArrayList<>();
			mutations.split(stream, (part) -> events.addAll(parts.add(part)));
			assertThat(texts(events)).isEqualTo(texts(expected));
			assertThat(joined(events, parts.remainder())).isEqualTo(stream);
			events.forEach(ParserFuzzTests::readAll);
			EventSplitter bounded = new EventSplitter(16);
			List<StreamEvent> pieces = new ArrayList<>();
			mutations.split(stream, (part) -> pieces.addAll(bounded.add(part)));
			assertThat(joined(pieces, bounded.remainder())).isEqualTo(stream);
		});
	}

	/** An event is complete at a CR, so an LF that comes later begins the next one. */
	private static List<String> texts(List<StreamEvent> events) {
		return events.stream()
			.map((event) -> new String(event.bytes(), StandardCharsets.ISO_8859_1).replace("\r\n", "\n")
				.replace('\r', '\n')
				.replaceFirst("^\n+", "")
				.stripTrailing())
			.filter((text) -> !text.isEmpty())
			.toList();
	}

	private static byte[] joined(List<StreamEvent> events, byte[] remainder) {
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		events.forEach((event) -> all.writeBytes(event.bytes()));
		all.writeBytes(remainder);
		return all.toByteArray();
	}

	private static void readAll(StreamEvent event) {
		assertThat(event.kind()).isNotNull();
		assertThat(event.data()).isNotNull();
		event.type();
		event.error();
		event.isFinish();
		event.sequenceNumber();
		event.forEachChoice((index, choice) -> {
		});
		assertPlausible(event.usage());
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, 2 })
	void theUsageIsTheSameHoweverAResponseArrives(long seed) {
		Mutations mutations = Mutations.ofText(seed,
				List.of("{\"id\":\"a\\\"b\",\"choices\":[{\"message\":{\"content\":\"{\\\"usage\\\":1}\"}}],"
						+ "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15,"
						+ "\"prompt_tokens_details\":{\"cached_tokens\":4}}}",
						"{\"response\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":99999999999999999999}}}"),
				EVENT_TOKENS);
		mutations.forEach(10_000, (body) -> {
			UsageReader whole = new UsageReader();
			whole.add(body);
			UsageReader parts = new UsageReader();
			mutations.split(body, parts::add);
			assertThat(parts.usage()).isEqualTo(whole.usage());
			assertPlausible(whole.usage());
		});
	}

	private static void assertPlausible(@Nullable Usage usage) {
		if (usage != null) {
			assertThat(usage.toString()).doesNotContain("=-");
		}
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, 2 })
	void everyDelayIsRefusedOrNeitherNegativeNorEndless(long seed) {
		Mutations.ofText(seed, DELAYS, DELAY_TOKENS).forEachText(20_000, (value) -> {
			Stream
				.of(DelayParser.parseMillis(value), DelayParser.parseSeconds(value), DelayParser.parseUnits(value),
						DelayParser.parseReset(value))
				.filter((delay) -> delay != null)
				.forEach((delay) -> assertThat(delay).isBetween(Duration.ZERO, Duration.ofDays(4000)));
			assertThat(QuotaHeaders.read((name) -> value)).isNotNull();
		});
	}

	@ParameterizedTest
	@EnumSource(ContentCoding.class)
	void everyEncodedBodyIsRefusedOrDecodedWithinTheLimit(ContentCoding coding) {
		byte[] plain = "{\"model\":\"gpt-4o\",\"messages\":[]}".repeat(20).getBytes(StandardCharsets.UTF_8);
		List<byte[]> seeds = switch (coding) {
			case GZIP ->
				List.of(encoded(plain, GZIPOutputStream::new), encoded(new byte[100_000], GZIPOutputStream::new));
			case DEFLATE -> List.of(encoded(plain, DeflaterOutputStream::new),
					encoded(new byte[100_000], DeflaterOutputStream::new));
			case BR -> List.of(BROTLI);
			case ZSTD ->
				List.of(encoded(plain, ZstdOutputStream::new), encoded(new byte[100_000], ZstdOutputStream::new));
		};
		new Mutations(1, seeds, List.of("\u0000", "\u0001\u0000\u0000", "\u007f")).forEach(5_000, (encoded) -> {
			try {
				byte[] decoded = coding.decode(encoded, 5_000);
				assertThat((decoded != null) ? decoded.length : 0).isLessThanOrEqualTo(5_000);
			}
			catch (MalformedRequestException ex) {
				assertThat(ex.getMessage()).contains(coding.name().toLowerCase(Locale.ROOT));
			}
		});
	}

	/** RFC 7932, appendix: an encoded text of ten times "X" and one of 64 bytes. */
	private static final byte[] BROTLI = { 0x0b, 0x04, (byte) 0x80, 'X', 'X', 'X', 'X', 'X', 'X', 'X', 'X', 'X', 'X',
			0x03 };

	private static byte[] encoded(byte[] plain, Encoder encoder) {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		try (OutputStream encoding = encoder.open(out)) {
			encoding.write(plain);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return out.toByteArray();
	}

	private interface Encoder {

		OutputStream open(OutputStream out) throws IOException;

	}

}
