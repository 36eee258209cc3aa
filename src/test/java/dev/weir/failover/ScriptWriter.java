package dev.weir.failover;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.weir.config.PoolProperties;
import dev.weir.failover.Script.Ending;
import dev.weir.failover.Script.Meaning;
import dev.weir.failover.Script.Piece;

/**
 * Writes the script of a call to a backend that has a fault.
 */
final class ScriptWriter {

	static final long MILLI = 1_000_000;

	private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter
		.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
		.withZone(ZoneOffset.UTC);

	private static final byte[] NOTHING = {};

	private final Random random;

	private final PoolProperties settings;

	private final int divergence;

	private int responses;

	ScriptWriter(Random random, PoolProperties settings, int divergence) {
		this.random = random;
		this.settings = settings;
		this.divergence = divergence;
	}

	Script write(Fault fault, Schedule.Call call, Instant now) {
		boolean stream = call.kind() == Schedule.Kind.STREAM;
		return switch (fault) {
			case SERVE -> stream ? stream(call, quick(), 0, Cut.NONE) : plain(quick(), Ending.WHOLE);
			case THROTTLE_SHORT -> shortly();
			case THROTTLE_LONG -> throttled(Map.of("retry-after", String.valueOf(60 + this.random.nextInt(86_000))),
					(then) -> this.settings.cooldown().max(), Ending.WHOLE);
			case THROTTLE_DATE -> byDate(now);
			case THROTTLE_RESET -> byReset();
			case THROTTLE_BARE -> bare();
			case THROTTLE_STALLED ->
				throttled(Map.of("retry-after-ms", "700"), (then) -> Duration.ofMillis(700), Ending.HANG);
			case QUOTA -> error(429, "insufficient_quota", Map.of("retry-after", "1"), Meaning.OUT_OF_QUOTA);
			case FAIL ->
				error(Schedule.pick(this.random, 500, 502, 503, 504, 408), "server_error", Map.of(), Meaning.FAILED);
			case FAIL_WITH_DELAY -> refusal(503, "busy", Map.of("retry-after", "2"), Meaning.FAILED,
					(then) -> Duration.ofSeconds(2), Ending.WHOLE);
			case FAIL_STALLED -> refusal(500, "server_error", Map.of(), Meaning.FAILED, (then) -> null, Ending.HANG);
			case REFUSE -> failure(new ConnectException("Connection refused"));
			case RESET -> failure(new IOException("Connection reset by peer"));
			case SILENT -> new Script(0, null, true, 0, Map.of(), List.of(), Ending.HANG, 0, Meaning.FAILED,
					(then) -> null, false, 0, NOTHING, "");
			case SLOW_HEADERS -> stream ? stream(call, slow(this.settings.firstEventTimeout()), 0, Cut.NONE)
					: plain(slow(this.settings.responseTimeout()), Ending.WHOLE);
			case LATE_FIRST_EVENT -> stream ? stream(call, quick(), slow(this.settings.firstEventTimeout()), Cut.NONE)
					: plain(quick(), Ending.WHOLE);
			case ERROR_FIRST -> firstEvent(call, "server_error", Meaning.FAILED, false);
			case THROTTLED_FIRST -> firstEvent(call, "rate_limit_exceeded", Meaning.THROTTLED, false);
			case LIFE_THEN_ERROR -> firstEvent(call, "server_error", Meaning.FAILED, true);
			case EMPTY_STREAM ->
				stream ? response(quick(), events(), List.of(), Ending.WHOLE, Meaning.FAILED, false, 0, NOTHING, "")
						: plain(quick(), Ending.BREAK);
			case BREAK -> stream ? stream(call, quick(), 0, Cut.BREAK) : plain(quick(), Ending.BREAK);
			case HANG -> stream ? stream(call, quick(), 0, Cut.HANG) : plain(quick(), Ending.HANG);
			case ERROR_LATER -> stream ? stream(call, quick(), 0, Cut.ERROR) : plain(quick(), Ending.WHOLE);
			case REJECT -> error(400, "content_filter", Map.of(), Meaning.REJECTED);
			case REJECT_OTHER -> error(422, "invalid_request_error", Map.of(), Meaning.REJECTED);
			case TOO_LONG -> error(400, "context_length_exceeded", Map.of(), Meaning.TOO_LONG);
			case DENY -> error(401, "invalid_api_key", Map.of(), Meaning.DENIED);
			case NOT_SERVED -> error(404, "DeploymentNotFound", Map.of(), Meaning.NOT_SERVED);
			case TOO_LARGE -> refusal(429, "Request too large for m: Limit 10, Requested 20, no", "rate_limit_exceeded",
					Map.of("retry-after", "2"), Meaning.TOO_LARGE, (then) -> null, Ending.WHOLE);
			case DENY_SILENTLY ->
				error(Schedule.pick(this.random, 401, 403), "nope", Map.of(), Meaning.DENIED_SILENTLY);
			case DENY_BY_PAGE -> page(Schedule.pick(this.random, 401, 403));
			case NO_OPERATION -> error(401, "missing_scope", Map.of(), Meaning.NO_OPERATION);
			case NO_CREDIT -> error(402, "payment", Map.of(), Meaning.OUT_OF_QUOTA);
			case FORBID_REQUEST -> error(403, "content_filter", Map.of(), Meaning.REJECTED);
			case ERROR_INSIDE ->
				stream ? firstEvent(call, "rate_limit_exceeded", Meaning.THROTTLED, false) : inside(call);
			case EMPTY ->
				stream ? response(quick(), events(), List.of(), Ending.WHOLE, Meaning.FAILED, false, 0, NOTHING, "")
						: response(quick(), Map.of("content-type", "application/json"), List.of(), Ending.WHOLE,
								isLookedAt(call) ? Meaning.FAILED : Meaning.SERVED, false, 0, NOTHING, "");
		};
	}

	private long quick() {
		return (5 + this.random.nextInt(200)) * MILLI;
	}

	/** From half to twice a limit. */
	private long slow(Duration limit) {
		return limit.toNanos() / 2 + (long) (this.random.nextDouble() * 1.5 * limit.toNanos());
	}

	private Script shortly() {
		int millis = 1 + this.random.nextInt(1_500);
		Duration delay = Duration.ofMillis(millis);
		return switch (this.random.nextInt(3)) {
			case 0 -> throttled(Map.of("retry-after-ms", String.valueOf(millis), "retry-after", "77"), (then) -> delay,
					Ending.WHOLE);
			case 1 -> throttled(Map.of("retry-after", String.valueOf(millis / 1000.0)), (then) -> delay, Ending.WHOLE);
			default -> throttled(Map.of("retry-after-ms", "-5", "retry-after", "1"), (then) -> Duration.ofSeconds(1),
					Ending.WHOLE);
		};
	}

	private Script byDate(Instant now) {
		Instant date = now.truncatedTo(ChronoUnit.SECONDS).plusSeconds(this.random.nextInt(5) - 1);
		return throttled(Map.of("retry-after", HTTP_DATE.format(date)),
				(then) -> date.isAfter(then) ? Duration.between(then, date) : null, Ending.WHOLE);
	}

	private Script byReset() {
		int seconds = 1 + this.random.nextInt(3);
		boolean units = this.random.nextBoolean();
		return throttled(
				Map.of("x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests",
						units ? "0m" + seconds + ".250s" : String.valueOf(seconds), "x-ratelimit-remaining-tokens",
						"12", "x-ratelimit-reset-tokens", "50"),
				(then) -> Duration.ofSeconds(seconds).plusMillis(units ? 250 : 0), Ending.WHOLE);
	}

	private Script bare() {
		Map<String, String> headers = Schedule.pick(this.random, Map.of(), Map.of("retry-after", "0"),
				Map.of("retry-after", "soon"), Map.of("retry-after-ms", "NaN"));
		return throttled(headers, (then) -> null, Ending.WHOLE);
	}

	private Script throttled(Map<String, String> headers, Function<Instant, @Nullable Duration> delay, Ending ending) {
		return refusal(429, "429", headers, Meaning.THROTTLED, (then) -> {
			Duration named = delay.apply(then);
			return (named != null) ? named : this.settings.cooldown().defaultDuration();
		}, ending);
	}

	private Script error(int status, String code, Map<String, String> headers, Meaning meaning) {
		return refusal(status, code, headers, meaning, (then) -> null, Ending.WHOLE);
	}

	/**
	 * A call that creates an object has no model, and its response may have any content.
	 */
	private static boolean isLookedAt(Schedule.Call call) {
		return call.kind() != Schedule.Kind.MAKES;
	}

	private Script inside(Schedule.Call call) {
		byte[] body = ("{\"error\":{\"message\":\"no " + this.responses++ + "\",\"code\":\"rate_limit_exceeded\"}}")
			.getBytes(StandardCharsets.UTF_8);
		return response(quick(), Map.of("content-type", "application/json"), List.of(new Piece(0, body)), Ending.WHOLE,
				isLookedAt(call) ? Meaning.THROTTLED : Meaning.SERVED, false, 0, NOTHING, "");
	}

	private Script page(int status) {
		byte[] body = ("<html>no " + this.responses++ + "</html>").getBytes(StandardCharsets.UTF_8);
		return new Script(quick(), null, false, status, Map.of("content-type", "text/html"),
				List.of(new Piece(this.random.nextInt(20) * MILLI, body)), Ending.WHOLE,
				this.random.nextInt(10) * MILLI, Meaning.DENIED_BY_PAGE, (then) -> null, false, 0, NOTHING, "");
	}

	private Script refusal(int status, String code, Map<String, String> headers, Meaning meaning,
			Function<Instant, @Nullable Duration> delay, Ending ending) {
		return refusal(status, "no", code, headers, meaning, delay, ending);
	}

	private Script refusal(int status, String words, String code, Map<String, String> headers, Meaning meaning,
			Function<Instant, @Nullable Duration> delay, Ending ending) {
		byte[] body = ("{\"error\":{\"message\":\"" + words + " " + this.responses++ + "\",\"type\":\"" + code
				+ "\",\"param\":null" + ",\"code\":\"" + code + "\"}}")
			.getBytes(StandardCharsets.UTF_8);
		Map<String, String> all = new LinkedHashMap<>(headers);
		all.put("content-type", "application/json");
		if (this.random.nextBoolean()) {
			all.put("content-length", String.valueOf(body.length));
		}
		byte[] sent = (ending == Ending.WHOLE) ? body : Arrays.copyOf(body, body.length / 2);
		return new Script(quick(), null, false, status, all, List.of(new Piece(this.random.nextInt(20) * MILLI, sent)),
				ending, this.random.nextInt(10) * MILLI, meaning, delay, false, 0, NOTHING, "");
	}

	private Script failure(Throwable error) {
		return new Script(this.random.nextInt(50) * MILLI, error, false, 0, Map.of(), List.of(), Ending.BREAK, 0,
				Meaning.FAILED, (then) -> null, false, 0, NOTHING, "");
	}

	private Script plain(long headAfter, Ending ending) {
		byte[] body = ("{\"id\":\"a" + this.responses++ + "\",\"object\":\"chat.completion\",\"choices\":[{\"message\":"
				+ "{\"content\":\"hello\"}}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}")
			.getBytes(StandardCharsets.UTF_8);
		Map<String, String> headers = new LinkedHashMap<>();
		headers.put("content-type", "application/json");
		if (this.random.nextBoolean()) {
			headers.put("content-length", String.valueOf(body.length));
		}
		int sent = (ending == Ending.WHOLE) ? body.length : this.random.nextInt(body.length);
		List<Piece> pieces = new ArrayList<>();
		int from = 0;
		while (from < sent) {
			int to = Math.min(sent, from + 20 + this.random.nextInt(120));
			pieces.add(new Piece(this.random.nextInt(60) * MILLI, Arrays.copyOfRange(body, from, to)));
			from = to;
		}
		return response(headAfter, headers, pieces, ending, Meaning.SERVED, false, 0, NOTHING, "");
	}

	private Map<String, String> events() {
		return Map.of("content-type",
				this.random.nextBoolean() ? "text/event-stream" : "text/event-stream; charset=utf-8");
	}

	private Script firstEvent(Schedule.Call call, String code, Meaning meaning, boolean life) {
		if (call.kind() != Schedule.Kind.STREAM) {
			return (meaning == Meaning.THROTTLED) ? bare() : error(500, code, Map.of(), meaning);
		}
		List<Piece> pieces = new ArrayList<>();
		ByteArrayOutputStream events = new ByteArrayOutputStream();
		long late = 0;
		if (life) {
			String sign = this.random.nextBoolean() ? ": alive\n\n" : "data: {\"choices\":[],\"id\":\"p\"}\n\n";
			add(pieces, events, quick(), sign);
			// never exactly the time for which Weir holds back signs of life
			late = (this.random.nextBoolean() ? 100 + this.random.nextInt(700) : 1_200 + this.random.nextInt(1_000))
					* MILLI;
		}
		add(pieces, events, life ? late : quick(), "data: {\"error\":{\"message\":\"no\",\"type\":\"" + code
				+ "\",\"param\":null,\"code\":\"" + code + "\"}}\n\n");
		return response(quick(), events(), pieces, Ending.WHOLE, meaning, true, late, events.toByteArray(), "");
	}

	private Script stream(Schedule.Call call, long headAfter, long firstAfter, Cut cut) {
		String id = "a" + this.responses++;
		int words = 2 + (call.id() * 7) % 9;
		int differs = (this.random.nextInt(100) < this.divergence) ? this.random.nextInt(words) : words;
		int delivered = (cut == Cut.NONE) ? words : 1 + this.random.nextInt(words);
		List<Piece> pieces = new ArrayList<>();
		ByteArrayOutputStream events = new ByteArrayOutputStream();
		StringBuilder text = new StringBuilder();
		if (this.random.nextInt(4) == 0) {
			add(pieces, events, firstAfter, ": alive\n\n");
		}
		add(pieces, events, firstAfter + 1, chunk(id, "{\"role\":\"assistant\",\"content\":\"\"}", "null"));
		for (int i = 0; i < words; i++) {
			String word = "w" + call.id() + ((i < differs) ? "." : "-" + id + ".") + i + " ";
			text.append(word);
			if (i < delivered) {
				add(pieces, events, this.random.nextInt(120) * MILLI,
						chunk(id, "{\"content\":\"" + word + "\"}", "null"));
			}
		}
		if (cut == Cut.ERROR) {
			add(pieces, events, quick(), "data: {\"error\":{\"message\":\"no\",\"code\":\"server_error\"}}\n\n");
		}
		else if (cut == Cut.NONE) {
			add(pieces, events, this.random.nextInt(50) * MILLI, chunk(id, "{}", "\"stop\""));
			if (this.random.nextBoolean()) {
				add(pieces, events, MILLI, "data: {\"id\":\"" + id
						+ "\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n");
			}
			if (this.random.nextInt(5) > 0) {
				add(pieces, events, 0, "data: [DONE]\n\n");
			}
		}
		else if (this.random.nextBoolean()) {
			// an incomplete event does not count
			pieces.add(new Piece(MILLI, "data: {\"id\":\"half".getBytes(StandardCharsets.UTF_8)));
		}
		Ending ending = (cut == Cut.BREAK) ? Ending.BREAK : (cut == Cut.HANG) ? Ending.HANG : Ending.WHOLE;
		return response(headAfter, events(), mixed(pieces), ending,
				(cut == Cut.ERROR) ? Meaning.BROKEN : Meaning.SERVED, false, 0, events.toByteArray(), text.toString());
	}

	/** Cuts and joins pieces as networks do. */
	private List<Piece> mixed(List<Piece> pieces) {
		List<Piece> mixed = new ArrayList<>();
		for (Piece piece : pieces) {
			byte[] bytes = piece.bytes();
			int last = mixed.size() - 1;
			int what = this.random.nextInt(6);
			if (what == 0 && last >= 0) {
				ByteArrayOutputStream both = new ByteArrayOutputStream();
				both.writeBytes(mixed.get(last).bytes());
				both.writeBytes(bytes);
				mixed.set(last, new Piece(mixed.get(last).after(), both.toByteArray()));
			}
			else if (what == 1 && bytes.length > 1) {
				int at = 1 + this.random.nextInt(bytes.length - 1);
				mixed.add(new Piece(piece.after(), Arrays.copyOf(bytes, at)));
				mixed.add(new Piece(this.random.nextInt(3) * MILLI, Arrays.copyOfRange(bytes, at, bytes.length)));
			}
			else {
				mixed.add(piece);
			}
		}
		return mixed;
	}

	private static String chunk(String id, String delta, String finish) {
		return "data: {\"id\":\"" + id + "\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
				+ "\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"finish_reason\":" + finish + "}]}\n\n";
	}

	private static void add(List<Piece> pieces, ByteArrayOutputStream events, long after, String event) {
		byte[] bytes = event.getBytes(StandardCharsets.UTF_8);
		events.writeBytes(bytes);
		pieces.add(new Piece(after, bytes));
	}

	private Script response(long headAfter, Map<String, String> headers, List<Piece> pieces, Ending ending,
			Meaning meaning, boolean inEvent, long late, byte[] events, String text) {
		return new Script(headAfter, null, false, 200, headers, pieces, ending, this.random.nextInt(30) * MILLI,
				meaning, (then) -> this.settings.cooldown().defaultDuration(), inEvent, late, events, text);
	}

	private enum Cut {

		NONE, BREAK, HANG, ERROR

	}

}
