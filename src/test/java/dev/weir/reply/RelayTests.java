package dev.weir.reply;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.LaneCounts;
import dev.weir.backend.Outcome;
import dev.weir.request.BrokenResponseException;
import dev.weir.testing.TestPools;
import dev.weir.request.RequestContext;
import java.util.Map;
import dev.weir.testing.TestRequests;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.response.ResponseBody;
import dev.weir.response.ResponseStart;
import dev.weir.testing.VirtualTime;
import dev.weir.response.FakeConnection;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Relays to a client that reads at its own speed, in virtual time.
 */
class RelayTests {

	private static final long PATIENCE = 1000;

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time, Map.of("stream-idle-timeout", PATIENCE + "ms"),
			TestPools.backend("a"));

	private final Lane lane = this.pool.lanes("gpt-4o").get(0);

	private final RequestContext context = TestRequests.begin(this.pool, this.pool.lanes("gpt-4o"),
			RequestTraits.UNKNOWN, this.time, this.time.loop());

	private final Attempt attempt = this.lane.tryBegin();

	private final FakeConnection connection = new FakeConnection();

	private final ResponseBody body = ResponseBody.of(this.connection, this.time.loop(), null);

	private final Client client = new Client();

	@Test
	void theBackendIsReadOnlyAsFastAsTheClientReads() {
		relay(100, "first");
		assertThat(this.client.received).isEmpty();
		assertThat(this.connection.asked()).isZero();
		this.client.request(1);
		assertThat(this.client.received).containsExactly("first");
		assertThat(this.connection.asked()).isZero();
		this.client.request(2);
		this.connection.send("one");
		this.connection.send("two");
		this.connection.send("three");
		assertThat(this.client.received).containsExactly("first", "one", "two");
		assertThat(this.connection.asked()).isEqualTo(2);
	}

	@Test
	void aClientThatPausesGetsTheRemainderWhenItContinues() {
		relay(100, "first");
		for (int i = 0; i < 20; i++) {
			this.client.request(1);
			this.connection.send("piece " + i);
			assertThat(this.client.received).hasSize(i + 1);
			this.time.advance(PATIENCE / 2);
		}
		this.client.request(2);
		this.connection.end();
		assertThat(this.client.received).endsWith("piece 19", "the end");
		assertThat(this.lane.counts()).isEqualTo(new LaneCounts(0, 1, 1, 0, 0, 0));
	}

	@Test
	void aSlowClientIsNotASilentBackend() {
		relay(100, "first");
		this.client.request(1);
		this.time.advance(100 * PATIENCE);
		this.client.request(1);
		this.time.advance(PATIENCE - 1);
		this.connection.send("one");
		this.time.advance(100 * PATIENCE);
		assertThat(this.client.received).containsExactly("first", "one");
		assertThat(this.connection.isGone()).isFalse();
		assertThat(this.lane.counts().inFlight()).isEqualTo(1);
	}

	@Test
	void aBackendThatIsSilentWhileTheClientWaitsIsBroken() {
		relay(100, "first");
		this.client.request(10);
		this.time.advance(PATIENCE - 1);
		this.connection.send("one");
		this.time.advance(PATIENCE - 1);
		assertThat(this.client.received).containsExactly("first", "one");
		this.time.advance(1);
		assertThat(this.client.received).containsExactly("first", "one", "broken");
		assertThat(this.connection.isGone()).isTrue();
		assertThat(this.lane.counts()).isEqualTo(new LaneCounts(0, 1, 0, 0, 0, 1));
	}

	@Test
	void aResponseThatBreaksOffIsBrokenForTheClientToo() {
		relay(100, "first");
		this.client.request(10);
		this.connection.fail(new IOException("reset"));
		assertThat(this.client.received).containsExactly("first", "broken");
		assertThat(this.lane.counts()).isEqualTo(new LaneCounts(0, 1, 0, 0, 0, 1));
	}

	@Test
	void aClientThatLeavesClosesTheConnectionAndIsNotAFailure() {
		relay(100, "first");
		this.client.request(10);
		this.client.cancel();
		assertThat(this.connection.isGone()).isTrue();
		assertThat(this.lane.counts()).isEqualTo(new LaneCounts(0, 1, 0, 0, 0, 0));
		this.time.advance(10 * PATIENCE);
		assertThat(this.lane.counts().failed()).isZero();
	}

	@Test
	void aClientThatHasTheCompleteReplyMayLeaveBeforeTheEnd() {
		relay("first".length(), "first");
		this.client.request(10);
		this.client.cancel();
		assertThat(this.lane.counts()).isEqualTo(new LaneCounts(0, 1, 1, 0, 0, 0));
	}

	@Test
	void aDiscardedReplyIsClosed() {
		ByteRelay relay = relayOf(100, "first");
		relay.discard(new Outcome.Cancelled());
		assertThat(this.connection.isGone()).isTrue();
		relay.discard(new Outcome.Broken());
		assertThat(this.lane.counts()).isEqualTo(new LaneCounts(0, 1, 0, 0, 0, 0));
	}

	private void relay(long length, String first) {
		relayOf(length, first).bytes().subscribe(this.client);
	}

	private ByteRelay relayOf(long length, String first) {
		return new ByteRelay(this.context, this.attempt, new Outcome.Served(200), start(first),
				new ByteRelay.Format(length, false), null);
	}

	private ResponseStart.Bytes start(String first) {
		return new ResponseStart.Bytes(this.body, first.getBytes(StandardCharsets.UTF_8), false);
	}

	/** A client that requests each buffer. */
	private static final class Client extends BaseSubscriber<byte[]> {

		private final List<String> received = new ArrayList<>();

		@Override
		protected void hookOnSubscribe(Subscription subscription) {
			// the test requests the buffers
		}

		@Override
		protected void hookOnNext(byte[] bytes) {
			this.received.add(new String(bytes, StandardCharsets.UTF_8));
		}

		@Override
		protected void hookOnComplete() {
			this.received.add("the end");
		}

		@Override
		protected void hookOnError(Throwable error) {
			this.received.add((error instanceof BrokenResponseException) ? "broken" : error.toString());
		}

	}

}
