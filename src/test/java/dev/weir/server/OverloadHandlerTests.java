package dev.weir.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.weir.request.RefusalLog;
import dev.weir.request.RequestsInFlight;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Refusals on one connection of a Weir that is overloaded.
 */
class OverloadHandlerTests {

	private final RequestsInFlight inFlight = new RequestsInFlight(() -> 1, new Random(1));

	private final Reads reads = new Reads();

	private final EmbeddedChannel channel = new EmbeddedChannel(this.reads,
			new OverloadHandler(new EarlyRefusal(this.inFlight, "/actuator", () -> false, new RequestIdGenerator(),
					new RefusalLog(Ticker.systemTicker()), new SimpleMeterRegistry())));

	OverloadHandlerTests() {
		this.inFlight.begin(null);
		// as Reactor Netty does
		this.channel.config().setAutoRead(false);
		this.reads.takeCount();
	}

	@AfterEach
	void close() {
		this.channel.finishAndReleaseAll();
	}

	@Test
	void aRequestIsRefusedWhileWeirIsOverloadedAndNotAfterwards() {
		request();
		assertThat(refusal()).isEqualTo(503);
		this.inFlight.end(null);
		request();
		assertThat(passed()).hasSize(2);
	}

	@Test
	void continueIsNotTheReplyForWhichAPipelinedRequestWaits() {
		this.inFlight.end(null);
		request();
		this.inFlight.begin(null);
		reply(HttpResponseStatus.CONTINUE);
		request();
		assertThat(passed()).hasSize(4);
		reply(HttpResponseStatus.OK);
		request();
		assertThat(passed()).as("one reply is still to come").hasSize(2);
		reply(HttpResponseStatus.OK);
		reply(HttpResponseStatus.OK);
		request();
		assertThat(refusal()).isEqualTo(503);
	}

	@Test
	void nothingIsReadWhileTheClientDoesNotReadItsRefusals() {
		request();
		assertThat(this.reads.takeCount()).isPositive();
		writable(false);
		request();
		assertThat(this.reads.takeCount()).isZero();
		writable(true);
		assertThat(this.reads.takeCount()).isPositive();
	}

	@Test
	void reactorNettyDecidesWhenARequestThatItHasGotIsRead() {
		this.inFlight.end(null);
		request();
		assertThat(this.reads.takeCount()).isZero();
		reply(HttpResponseStatus.CONTINUE);
		this.channel.pipeline().fireChannelReadComplete();
		assertThat(this.reads.takeCount()).isZero();
	}

	private void request() {
		this.channel.writeInbound(new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/v1/x"),
				LastHttpContent.EMPTY_LAST_CONTENT);
	}

	private void reply(HttpResponseStatus status) {
		this.channel.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status));
		this.channel.<FullHttpResponse>readOutbound().release();
	}

	private int refusal() {
		FullHttpResponse reply = this.channel.readOutbound();
		int status = reply.status().code();
		reply.release();
		return status;
	}

	private List<HttpObject> passed() {
		List<HttpObject> all = new ArrayList<>();
		for (HttpObject next = this.channel.readInbound(); next != null; next = this.channel.readInbound()) {
			all.add(next);
		}
		assertThat(all.get(0)).isInstanceOf(HttpRequest.class);
		return all;
	}

	private void writable(boolean now) {
		this.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, now);
		this.channel.runPendingTasks();
	}

	/** Counts the reads that handlers ask for. */
	private static final class Reads extends ChannelOutboundHandlerAdapter {

		private int count;

		@Override
		public void read(ChannelHandlerContext context) throws Exception {
			this.count++;
			super.read(context);
		}

		int takeCount() {
			int taken = this.count;
			this.count = 0;
			return taken;
		}

	}

}
