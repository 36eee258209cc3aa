package dev.weir.request;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.http.HttpHeaders;

import dev.weir.backend.Attempt;
import dev.weir.backend.AttemptListener;
import dev.weir.backend.Lanes;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeType;
import dev.weir.backend.RequestTraits;
import dev.weir.openai.stream.EventSplitter;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.Usage;
import dev.weir.testing.Outcomes;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a request is charged. Its prompt is estimated at 100 tokens.
 */
class ReservationTests {

	private final VirtualTime time = new VirtualTime();

	private final Lanes lanes = TestPools.pool(this.time, TestPools.backend("a"), TestPools.backend("b"))
		.lanes("gpt-4o");

	private final Charged charged = new Charged();

	private Reservation reservation = new Reservation(this.charged, 100, Reservation.Kind.TOKENS);

	private Attempt begin(int lane) {
		Attempt attempt = this.lanes.get(lane).tryBegin(RequestTraits.UNKNOWN, AttemptListener.NONE);
		assertThat(attempt).isNotNull();
		attempt.onSendStart();
		return attempt;
	}

	private Attempt respond(int lane, int deltas) {
		Attempt attempt = begin(lane);
		attempt.onResponseStart();
		for (int i = 0; i < deltas; i++) {
			this.reservation.onEvent(attempt, delta());
		}
		return attempt;
	}

	private static StreamEvent delta() {
		return StreamEvent.of("data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n".getBytes());
	}

	private void end(Attempt attempt, Outcome outcome) {
		attempt.end(outcome);
		this.reservation.onAttemptEnd(attempt, outcome);
	}

	static Stream<Outcome> failures() {
		return Stream.of(new Outcome.Throttled(Duration.ofSeconds(1)), Outcomes.outOfQuota(), Outcomes.tooLarge(),
				new Outcome.Rejected(400), new Outcome.TooLong(), new Outcome.NotMine(400), Outcomes.denied(),
				new Outcome.NoCredential("none"), Outcomes.modelNotServed(),
				new Outcome.Failed(Outcome.Failure.STATUS, "500", null), new Outcome.Broken());
	}

	@ParameterizedTest
	@MethodSource("failures")
	void aResponseThatFailsAfterItsBeginIsChargedItsPromptAndTheDeltasThatCame(Outcome failure) {
		end(respond(0, 5), failure);
		this.reservation.end();
		assertThat(this.charged.tokens).isEqualTo(105);
		assertThat(this.charged.counts).isTrue();
	}

	@ParameterizedTest
	@MethodSource("failures")
	void aResponseThatFailsAfterItsBeginCountsAsARequestIfOnlyTheseAreLimited(Outcome failure) {
		this.reservation = new Reservation(this.charged, 0, Reservation.Kind.REQUEST);
		end(respond(0, 1), failure);
		this.reservation.end();
		assertThat(this.charged.tokens).isNull();
		assertThat(this.charged.counts).isTrue();
	}

	@Test
	void aStreamThatBreaksOffCountsAsARequestAlthoughNoBackendContinuesIt() {
		this.reservation = new Reservation(this.charged, 0, Reservation.Kind.REQUEST);
		end(respond(0, 1), new Outcome.Broken());
		end(begin(1), new Outcome.Throttled(Duration.ofSeconds(1)));
		this.reservation.end();
		assertThat(this.charged.counts).isTrue();
	}

	@ParameterizedTest
	@MethodSource("failures")
	void anErrorInPlaceOfAResponseCostsNoTokens(Outcome failure) {
		end(begin(0), failure);
		this.reservation.end();
		assertThat(this.charged.tokens).isZero();
	}

	@Test
	void theUsageOfAFailedResponseReplacesTheEstimate() {
		Attempt attempt = respond(0, 5);
		this.reservation.onUsage(attempt, new Usage(40, 7));
		end(attempt, new Outcome.Throttled(Duration.ofSeconds(1)));
		this.reservation.end();
		assertThat(this.charged.tokens).isEqualTo(47);
	}

	@Test
	void aUsageOfAStreamThatBrokeOffIsChargedAlsoAfterThatOfTheNext() {
		Attempt first = respond(0, 5);
		end(first, new Outcome.Broken());
		Attempt second = respond(1, 9);
		this.reservation.onUsage(second, new Usage(90, 10));
		assertThat(this.charged.tokens).isEqualTo(205);
		this.reservation.onUsage(first, new Usage(80, 7));
		assertThat(this.charged.tokens).isEqualTo(187);
		end(second, new Outcome.Served(200));
		this.reservation.end();
		assertThat(this.charged.tokens).isEqualTo(187);
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 3 })
	void aStreamThatEndsWithAnErrorAboutItsRequestIsChargedItsPromptAndTheDeltasThatCame(int deltas) {
		Attempt attempt = respond(0, deltas);
		this.reservation.onEvent(attempt,
				StreamEvent.of("data: {\"error\":{\"code\":\"content_filter\"}}\n\n".getBytes()));
		// the client gets the error as the backend has sent it
		end(attempt, new Outcome.Served(200));
		this.reservation.end();
		assertThat(this.charged.tokens).isEqualTo(100 + deltas);
		assertThat(this.charged.counts).isTrue();
	}

	@Test
	void aDeltaThatComesInPiecesCountsOnce() {
		Attempt attempt = respond(0, 0);
		EventSplitter splitter = new EventSplitter(1000);
		for (String part : List.of("data: {\"delta\":\"" + "x".repeat(2000), "x".repeat(2000), "x\"}\n\n")) {
			splitter.add(part.getBytes()).forEach((event) -> this.reservation.onEvent(attempt, event));
		}
		end(attempt, new Outcome.Cancelled());
		this.reservation.end();
		assertThat(this.charged.tokens).isEqualTo(101);
	}

	@Test
	void everyOutcomeThatCanFollowTheBeginIsTested() {
		assertThat(failures().map(Outcome::type)).containsExactlyInAnyOrder(
				Stream.of(OutcomeType.values()).filter(OutcomeType::isPartial).toArray(OutcomeType[]::new));
	}

	/** Records what was charged last. */
	private static final class Charged implements Reservation.Account {

		private @Nullable Long tokens;

		private boolean counts;

		@Override
		public void charge(long total) {
			this.tokens = total;
		}

		@Override
		public void settle(long total) {
			throw new UnsupportedOperationException();
		}

		@Override
		public void end(boolean counted) {
			this.counts = counted;
		}

		@Override
		public void writeHeaders(HttpHeaders headers) {
			throw new UnsupportedOperationException();
		}

	}

}
