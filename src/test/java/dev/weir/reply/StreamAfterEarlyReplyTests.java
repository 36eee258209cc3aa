package dev.weir.reply;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.Connection;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;

import dev.weir.backend.Attempt;
import dev.weir.backend.AttemptListener;
import dev.weir.backend.CooldownReason;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.EventSplitter;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;
import dev.weir.response.FakeConnection;
import dev.weir.response.ResponseBody;
import dev.weir.response.ResponseStart;
import dev.weir.testing.Outcomes;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A stream that is served after its reply has begun early is treated like any other.
 */
class StreamAfterEarlyReplyTests {

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time, Map.of("keep-alive", "1s", "keep-alive-delay", "1s"),
			TestPools.backend("a"));

	private final Lane lane = this.pool.lanes("gpt-4o").get(0);

	private final RequestContext context = TestRequests.begin(this.pool, this.pool.lanes("gpt-4o"), traits(1, 10),
			this.time, this.time.loop());

	private final FakeConnection backend = new FakeConnection();

	private final Client client = new Client();

	private final Sinks.One<RequestResult> result = Sinks.one();

	@Test
	void theStreamEndsAStreakOfRefusals() {
		refuse(1);
		refuse(2);
		serveAfterEarlyReply();
		refuse(3);
		assertThat(this.lane.cooldownReason()).isNull();
		refuse(4);
		refuse(5);
		assertThat(this.lane.cooldownReason()).isEqualTo(CooldownReason.DENIED);
	}

	@Test
	void theBodyOfTheRequestIsReleased() {
		BufferBudget budget = new BufferBudget(1000, this.time);
		BufferBudget.Share share = budget.open();
		assertThat(share.grow(100)).isTrue();
		this.context.holdBody(share);
		serveAfterEarlyReply();
		assertThat(budget.used()).isZero();
	}

	@Test
	void aClientThatDoesNotReadStopsTheReadingOfTheResponse() {
		this.client.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
		serveAfterEarlyReply();
		for (int i = 0; i < 10; i++) {
			this.backend.send("data: {}\n\n");
		}
		assertThat(this.backend.asked()).isLessThan(3);
		this.client.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
		this.client.channel.runPendingTasks();
		assertThat(this.backend.asked()).isGreaterThan(3);
	}

	private void serveAfterEarlyReply() {
		EarlyReply early = new EarlyReply(this.context, new ReplyFactory(this.context, Mono::empty, this.client));
		Disposable unused = early.await(this.result.asMono()).subscribe();
		this.time.advance(Duration.ofSeconds(1));
		Reply reply = this.context.reply();
		assertThat(reply).isSameAs(early);
		Disposable written = reply.writeTo(this.client).subscribe();
		assertThat(this.context.failover().tryBegin(this.lane)).isTrue();
		ResponseBody body = ResponseBody.of(this.backend, this.time.loop(), null);
		BackendResponse response = new BackendResponse(200, new io.netty.handler.codec.http.DefaultHttpHeaders(),
				new HttpHeaders(), this.backend, this.time.loop());
		this.result.tryEmitValue(
				new RequestResult.Relayed(this.context.failover().attempts().requireCurrent(), new Outcome.Served(200),
						response, new ResponseStart.Events(body, new EventSplitter(1000), List.of(), null)));
		this.client.channel.runPendingTasks();
	}

	private void refuse(int fingerprint) {
		Attempt attempt = this.lane.tryBegin(traits(fingerprint, 10), AttemptListener.NONE);
		attempt.end(new Outcome.Denied(403, Outcome.Proof.NO_REASON, Outcomes.REFUSAL));
	}

	private static RequestTraits traits(int fingerprint, int size) {
		return new RequestTraits(Operation.CHAT_COMPLETIONS, size, () -> fingerprint, false, false);
	}

	/** A response with a connection whose state the test sets. */
	private static final class Client extends MockServerHttpResponse {

		private final EmbeddedChannel channel = new EmbeddedChannel();

		Client() {
			setWriteHandler((body) -> Flux.from(body).doOnNext(Client::drop).then());
		}

		private static void drop(DataBuffer written) {
			// the bytes do not matter
		}

		@Override
		@SuppressWarnings("unchecked")
		public <T> T getNativeResponse() {
			Connection connection = new Connection() {

				@Override
				public Channel channel() {
					return Client.this.channel;
				}

			};
			return (T) connection;
		}

	}

}
