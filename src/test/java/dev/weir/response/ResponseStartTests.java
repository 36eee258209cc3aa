package dev.weir.response;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import reactor.core.publisher.Mono;
import dev.weir.backend.TimeLimit;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.BodyVerdict;
import dev.weir.testing.TestPools;
import dev.weir.classify.AttemptFacts;
import dev.weir.classify.OutcomeClassifier;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * The beginning of a response, in virtual time: {@link FirstEvent}, {@link FirstBytes}
 * and {@link WholeBody}. More than 400 lines: the three take the same response and must
 * give the same outcomes.
 */
class ResponseStartTests {

	private static final String LIFE = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";

	private static final String CONTENT = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";

	private static final long RESPONSE = 10_000;

	private final VirtualTime time = new VirtualTime();

	private boolean canTryAnotherLane = true;

	private final FakeConnection connection = new FakeConnection();

	private final ResponseBody body = ResponseBody.of(this.connection, this.time.loop(), null);

	private final BufferBudget budget = new BufferBudget(4 * 1024 * 1024, this.time);

	@Test
	void aStreamBeginsWithItsFirstContentAndNoMoreIsRead() {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.connection.send(LIFE);
		assertThat(start).isNotDone();
		this.connection.send(CONTENT);
		assertThat(texts(now(start))).containsExactly(LIFE, CONTENT);
		assertThat(now(start).refusal()).isNull();
		assertThat(this.connection.asked()).isEqualTo(2);
		assertThat(this.connection.isGone()).isFalse();
	}

	@Test
	void aStreamWithoutAnyEventFailsAtTheLimit() {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.time.advance(500);
		this.connection.send("data: {\"choi");
		this.time.advance(499);
		assertThat(start).isNotDone();
		this.time.advance(1);
		assertFailed(start, Outcome.Failure.TIMEOUT);
		assertThat(this.connection.isGone()).isTrue();
	}

	@Test
	void theLastLaneMayTakeUntilTheResponseTimeout() {
		this.canTryAnotherLane = false;
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.time.advance(1000);
		// decided at that moment, and then for good
		this.canTryAnotherLane = true;
		this.time.advance(RESPONSE - 1001);
		assertThat(start).isNotDone();
		this.time.advance(1);
		assertFailed(start, Outcome.Failure.TIMEOUT);
	}

	@Test
	void theLastLaneMayBeginLaterThanTheFirstEventTimeout() {
		this.canTryAnotherLane = false;
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.time.advance(RESPONSE - 1);
		this.connection.send(CONTENT);
		assertThat(texts(now(start))).containsExactly(CONTENT);
	}

	@Test
	void anEmptyDeltaIsASignOfLife() {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.connection.send("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n");
		assertThat(start).isNotDone();
		this.connection.send("data: {\"error\":{\"code\":\"server_error\"}}\n\n");
		assertFailed(start, Outcome.Failure.STATUS);
	}

	@Test
	void aLargeErrorAfterALargeSignOfLifeCounts() {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		String large = "\"instructions\":\"" + "x".repeat(200 * 1024) + "\"";
		this.connection.send("data: {\"type\":\"response.created\",\"response\":{" + large + "}}\n\n");
		assertThat(start).isNotDone();
		this.connection.send("data: {\"type\":\"response.failed\",\"response\":{" + large
				+ ",\"error\":{\"code\":\"server_error\"}}}\n\n");
		assertFailed(start, Outcome.Failure.STATUS);
	}

	@Test
	void aSignOfLifeEndsTheWaitForTheFirstEventAndIsHeldForASecond() {
		CompletableFuture<ResponseStart.Events> start = firstEvent(100);
		this.time.advance(99);
		this.connection.send(LIFE);
		this.time.advance(500);
		this.connection.send(LIFE);
		this.time.advance(499);
		assertThat(start).isNotDone();
		this.time.advance(1);
		assertThat(texts(now(start))).containsExactly(LIFE, LIFE);
	}

	@ParameterizedTest
	@CsvSource({ "server_error, failed", "rate_limit_exceeded, throttled", "insufficient_quota, out_of_quota" })
	void anErrorAfterASignOfLifeFailsTheAttempt(String code, String label) {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.connection.send(LIFE + "data: {\"error\":{\"code\":\"" + code + "\"}}\n\n");
		assertThat(outcome(start).label()).isEqualTo(label);
		assertThat(this.connection.isGone()).isTrue();
	}

	@ParameterizedTest
	@CsvSource({ "content_filter, rejected", "context_length_exceeded, too_long" })
	void anErrorAboutTheRequestIsABeginning(String code, String label) {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.connection.send("data: {\"error\":{\"code\":\"" + code + "\"}}\n\n");
		assertThat(now(start).refusal()).extracting(Outcome::label).isEqualTo(label);
		assertThat(now(start).events()).hasSize(1);
		assertThat(this.connection.isGone()).isFalse();
	}

	@Test
	void aStreamThatEndsOrBreaksBeforeItsFirstEventFails() {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.connection.send(LIFE);
		this.connection.end();
		assertFailed(start, Outcome.Failure.CONNECTION);
	}

	@Test
	void aStreamThatExceedsTheLimitOfHeldBytesBegins() {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		String half = LIFE.repeat(600 * 1024 / LIFE.length());
		this.connection.send(half);
		assertThat(start).isNotDone();
		this.connection.send(half);
		assertThat(start).isCompleted();
	}

	@Test
	void heldBytesCountInTheBudgetUntilTheStreamBegins() {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.connection.send(LIFE);
		assertThat(this.budget.used()).isEqualTo(LIFE.length());
		this.connection.send(CONTENT);
		assertThat(start).isCompleted();
		assertThat(this.budget.used()).isZero();
	}

	@Test
	void aStreamThatFailsOrIsCancelledLeavesNothingInTheBudget() {
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.connection.send(LIFE);
		this.connection.end();
		assertThat(start).isCompletedExceptionally();
		assertThat(this.budget.used()).isZero();
	}

	@Test
	void aStreamThatExceedsTheBudgetBegins() {
		BufferBudget.Share others = this.budget.open();
		assertThat(others.grow(this.budget.limit() - LIFE.length())).isTrue();
		CompletableFuture<ResponseStart.Events> start = firstEvent(1000);
		this.connection.send(LIFE);
		assertThat(start).isNotDone();
		this.connection.send(LIFE);
		assertThat(texts(now(start))).containsExactly(LIFE, LIFE);
	}

	@Test
	void cancellingTheWaitForAStreamClosesItsConnection() {
		FirstEvent.of(this.body, classifier(), limits(1000), this.budget.open(), this.time.loop())
			.subscribe()
			.dispose();
		assertThat(this.connection.isGone()).isTrue();
	}

	@Test
	void aResponseBeginsWithItsFirstBytes() {
		CompletableFuture<ResponseStart.Bytes> start = firstBytes(1000);
		this.time.advance(999);
		this.connection.send("{\"a\"");
		this.connection.send(":1}");
		assertThat(now(start).first()).asString().isEqualTo("{\"a\"");
		assertThat(this.connection.asked()).isEqualTo(1);
		this.time.advance(1000);
		assertThat(this.connection.isGone()).isFalse();
	}

	@Test
	void aResponseWithoutABodyBeginsWithItsEnd() {
		CompletableFuture<ResponseStart.Bytes> start = firstBytes(1000);
		this.connection.end();
		assertThat(now(start).first()).isEmpty();
	}

	@Test
	void aResponseThatDoesNotBeginInTimeFailsAndItsConnectionIsClosed() {
		CompletableFuture<ResponseStart.Bytes> start = firstBytes(1000);
		this.time.advance(999);
		assertThat(start).isNotDone();
		this.time.advance(1);
		assertFailed(start, Outcome.Failure.TIMEOUT);
		assertThat(this.connection.isGone()).isTrue();
	}

	@Test
	void aResponseThatBreaksBeforeItBeginsFails() {
		CompletableFuture<ResponseStart.Bytes> start = firstBytes(1000);
		this.connection.fail(new IOException("reset"));
		assertThat(start).isCompletedExceptionally();
		assertThatThrownBy(start::join).hasCauseInstanceOf(IOException.class);
	}

	@Test
	void aCompleteResponseWaitsForItsEndSoThatTheConnectionIsFree() {
		CompletableFuture<ResponseStart.Bytes> start = firstBytes(2, 1000);
		this.connection.send("{}");
		assertThat(start).isNotDone();
		this.connection.end();
		ResponseStart.Bytes bytes = now(start);
		assertThat(bytes.first()).asString().isEqualTo("{}");
		assertThat(bytes.whole()).isTrue();
		assertThat(this.connection.isGone()).isFalse();
	}

	@Test
	void aCompleteResponseCountsEvenIfItsConnectionFails() {
		CompletableFuture<ResponseStart.Bytes> start = firstBytes(2, 1000);
		this.connection.send("{}");
		this.connection.fail(new IOException("reset"));
		assertThat(now(start).whole()).isTrue();
	}

	@Test
	void aPartialResponseBeginsAtOnce() {
		CompletableFuture<ResponseStart.Bytes> start = firstBytes(3, 1000);
		this.connection.send("{}");
		assertThat(now(start).whole()).isFalse();
	}

	@Test
	void jsonBeginsAsSoonAsItIsKnownToBeAResult() {
		CompletableFuture<FirstBytes.Found> found = json(-1);
		this.connection.send("{\"id\":\"a\",");
		assertThat(found).isNotDone();
		this.connection.send("\"object\":\"chat.completion\",\"choices\":[");
		assertThat(now(found).verdict()).isEqualTo(BodyVerdict.SUCCESS);
		assertThat(now(found).start().first()).asString()
			.isEqualTo("{\"id\":\"a\",\"object\":\"chat.completion\",\"choices\":[");
	}

	@Test
	void jsonIsKnownToBeAnErrorBeforeItsEnd() {
		CompletableFuture<FirstBytes.Found> found = json(-1);
		this.connection.send("\n {\"error\":{\"message\":\"no\"}");
		assertThat(now(found).verdict()).isEqualTo(BodyVerdict.ERROR);
	}

	@Test
	void undecidedJsonIsHeldForASecondAtMost() {
		CompletableFuture<FirstBytes.Found> found = json(-1);
		this.connection.send("\n");
		this.time.advance(999);
		this.connection.send("\n");
		assertThat(found).isNotDone();
		this.time.advance(1);
		assertThat(now(found).verdict()).isEqualTo(BodyVerdict.UNDECIDED);
		assertThat(now(found).start().first()).asString().isEqualTo("\n\n");
	}

	@Test
	void undecidedJsonIsHeldUpToALimit() {
		CompletableFuture<FirstBytes.Found> found = json(-1);
		this.connection.send("{\"text\":\"");
		this.connection.send("x".repeat(FirstBytes.MAX_HELD - 9));
		assertThat(found).isNotDone();
		this.connection.send("x");
		assertThat(now(found).start().first()).hasSize(FirstBytes.MAX_HELD + 1);
	}

	@Test
	void undecidedJsonThatBreaksOffHasNotBegun() {
		CompletableFuture<FirstBytes.Found> found = json(-1);
		this.connection.send("{\"id\":");
		this.connection.fail(new IOException("reset"));
		assertThat(found).isCompletedExceptionally();
	}

	@Test
	void thereIsNoTimerIfTheDeadlineComesFirst() {
		CompletableFuture<ResponseStart.Bytes> start = FirstBytes.of(this.body, -1, false, null, this.time.loop())
			.map(FirstBytes.Found::start)
			.toFuture();
		this.time.advance(3_600_000);
		assertThat(start).isNotDone();
		this.connection.send("{}");
		assertThat(now(start)).isNotNull();
	}

	@Test
	void anErrorIsReadToItsEnd() {
		CompletableFuture<WholeBody.Part> part = wholeBody();
		this.connection.send("{\"error\"");
		this.time.advance(999);
		this.connection.send(":{}}");
		assertThat(part).isNotDone();
		this.connection.end();
		assertThat(now(part).bytes()).asString().isEqualTo("{\"error\":{}}");
		assertThat(now(part).rest()).isNull();
	}

	@Test
	void theUnreadPartOfASlowErrorCanBeReadLater() {
		CompletableFuture<WholeBody.Part> part = wholeBody();
		this.connection.send("{\"error\"");
		this.time.advance(999);
		assertThat(part).isNotDone();
		this.time.advance(1);
		assertThat(now(part).bytes()).asString().isEqualTo("{\"error\"");
		assertThat(now(part).rest()).isSameAs(this.body);
		assertThat(this.connection.isGone()).isFalse();
		this.connection.send(":{}}");
		CompletableFuture<ResponseStart.Bytes> rest = firstBytes(1000);
		assertThat(now(rest).first()).asString().isEqualTo(":{}}");
	}

	@Test
	void anErrorThatIsTooLongIsNotReadCompletely() {
		CompletableFuture<WholeBody.Part> part = wholeBody();
		this.connection.send("x".repeat(256 * 1024));
		assertThat(part).isNotDone();
		this.connection.send("y");
		assertThat(now(part).bytes()).hasSize(256 * 1024 + 1);
		assertThat(now(part).rest()).isNotNull();
		assertThat(this.connection.asked()).isEqualTo(2);
	}

	@Test
	void anErrorThatBreaksOffIsNotWhole() {
		CompletableFuture<WholeBody.Part> part = wholeBody();
		this.connection.send("{");
		this.connection.fail(new IOException("reset"));
		assertThat(new ErrorResponse(500, Map.of(), now(part).bytes(), now(part).rest()).isWhole()).isFalse();
	}

	private CompletableFuture<ResponseStart.Events> firstEvent(long millis) {
		return FirstEvent.of(this.body, classifier(), limits(millis), this.budget.open(), this.time.loop()).toFuture();
	}

	private FirstEvent.Limits limits(long firstEventMillis) {
		Duration firstEvent = Duration.ofMillis(firstEventMillis);
		Duration response = Duration.ofMillis(RESPONSE);
		return new FirstEvent.Limits(new TimeLimit("first-event-timeout", firstEvent), firstEvent,
				new TimeLimit("response-timeout", response), response, Duration.ofSeconds(1),
				() -> this.canTryAnotherLane);
	}

	private Mono<Void> timeout(long millis) {
		Duration limit = Duration.ofMillis(millis);
		return this.time.loop()
			.delay(limit)
			.then(Mono
				.error(() -> new OutcomeException(Outcome.Failed.silence(new TimeLimit("response-timeout", limit)))));
	}

	private CompletableFuture<ResponseStart.Bytes> firstBytes(long millis) {
		return firstBytes(-1, millis);
	}

	private CompletableFuture<ResponseStart.Bytes> firstBytes(long length, long millis) {
		return FirstBytes.of(this.body, length, false, timeout(millis), this.time.loop())
			.map(FirstBytes.Found::start)
			.toFuture();
	}

	private CompletableFuture<FirstBytes.Found> json(long length) {
		return FirstBytes.of(this.body, length, true, timeout(30_000), this.time.loop()).toFuture();
	}

	private CompletableFuture<WholeBody.Part> wholeBody() {
		return WholeBody
			.of(new ResponseStart.Bytes(this.body, new byte[0], false), Duration.ofSeconds(1), this.time.loop())
			.toFuture();
	}

	/** Returns a value that must be present: virtual time needs no waiting. */
	private static <T> T now(CompletableFuture<T> value) {
		assertThat(value).isCompleted();
		return value.join();
	}

	private static OutcomeClassifier classifier() {
		return new OutcomeClassifier(TestPools.pool(new VirtualTime(), TestPools.backend("a")).properties().cooldown(),
				AttemptFacts.of(Operation.CHAT_COMPLETIONS));
	}

	private static void assertFailed(CompletableFuture<?> start, Outcome.Failure kind) {
		assertThat(outcome(start)).isInstanceOfSatisfying(Outcome.Failed.class,
				(failed) -> assertThat(failed.kind()).isEqualTo(kind));
	}

	private static Outcome outcome(CompletableFuture<?> start) {
		assertThat(start).isCompletedExceptionally();
		return start.handle((value, error) -> ((OutcomeException) error).outcome()).join();
	}

	private static List<String> texts(ResponseStart.Events start) {
		return start.events().stream().map((event) -> new String(event.bytes(), StandardCharsets.UTF_8)).toList();
	}

}
