package dev.weir.server;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.weir.openai.error.ApiErrorException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests that arrive too slowly.
 */
class RequestTimeoutHandlerTests {

	private static final Duration HEAD = Duration.ofSeconds(7);

	private static final Duration BODY = Duration.ofSeconds(10);

	private final Errors errors = new Errors();

	private final AtomicBoolean discarding = new AtomicBoolean();

	private final EmbeddedChannel channel = new EmbeddedChannel(
			new RequestTimeoutHandler(HEAD, BODY, this.discarding::get), this.errors);

	RequestTimeoutHandlerTests() {
		this.channel.freezeTime();
	}

	@AfterEach
	void close() {
		this.channel.finishAndReleaseAll();
	}

	@Test
	void anIdleConnectionHasNoTimeout() {
		pass(Duration.ofHours(1));
		assertThat(this.channel.isOpen()).isTrue();
		request(LastHttpContent.EMPTY_LAST_CONTENT);
		pass(Duration.ofHours(1));
		assertThat(this.channel.isOpen()).isTrue();
		assertThat(this.errors.last).isNull();
	}

	@Test
	void aSlowHeadGets408() {
		someBytesOfAHead();
		pass(HEAD.minusNanos(1));
		someBytesOfAHead();
		assertThat(this.channel.isOpen()).isTrue();
		pass(Duration.ofNanos(1));
		FullHttpResponse reply = this.channel.readOutbound();
		assertThat(reply.status().code()).isEqualTo(408);
		assertThat(reply.headers().get("connection")).isEqualTo("close");
		assertThat(reply.content().toString(StandardCharsets.UTF_8)).contains("weir.header-timeout");
		reply.release();
		assertThat(this.channel.isOpen()).isFalse();
	}

	@Test
	void aHeadThatIsCompleteInTimeIsServed() {
		someBytesOfAHead();
		pass(HEAD.minusNanos(1));
		request(LastHttpContent.EMPTY_LAST_CONTENT);
		pass(Duration.ofHours(1));
		assertThat(this.channel.isOpen()).isTrue();
	}

	@Test
	void aBodyThatPausesForAPeriodGets408() {
		request();
		pass(BODY.minusNanos(1));
		assertThat(this.errors.last).isNull();
		pass(Duration.ofNanos(1));
		assertThat(this.errors.last).isInstanceOfSatisfying(ApiErrorException.class, (ex) -> {
			assertThat(ex.error().status()).isEqualTo(408);
			assertThat(ex.headers()).containsEntry("connection", "close");
		});
		assertThat(this.channel.isOpen()).isTrue();
		pass(Duration.ofSeconds(5));
		assertThat(this.channel.isOpen()).isFalse();
	}

	@Test
	void aBodyMayBeBelowTheMinimumRateInTheFirstPeriodOnly() {
		request();
		content(1);
		pass(BODY);
		assertThat(this.errors.last).isNull();
		content(10 * RequestTimeoutHandler.MIN_RATE - 1);
		pass(BODY);
		assertThat(this.errors.last).isInstanceOf(ApiErrorException.class);
	}

	@Test
	void aBodyWithTheMinimumRateHasNoTimeout() {
		request();
		for (int i = 0; i < 1000; i++) {
			content(10 * RequestTimeoutHandler.MIN_RATE);
			pass(BODY);
		}
		assertThat(this.errors.last).isNull();
		content(1, true);
		pass(Duration.ofHours(1));
		assertThat(this.errors.last).isNull();
	}

	@Test
	void periodsInWhichReadingIsPausedDoNotCount() {
		request();
		this.channel.config().setAutoRead(false);
		pass(Duration.ofHours(1));
		assertThat(this.errors.last).isNull();
		this.channel.config().setAutoRead(true);
		pass(BODY);
		assertThat(this.errors.last).isNull();
		pass(BODY);
		assertThat(this.errors.last).isInstanceOf(ApiErrorException.class);
	}

	@Test
	void theConnectionIsClosedIfABodyIsSlowAfterItsReply() {
		request();
		this.channel.config().setAutoRead(false);
		this.discarding.set(true);
		pass(BODY.minusNanos(1));
		assertThat(this.channel.isOpen()).isTrue();
		pass(Duration.ofNanos(1));
		assertThat(this.channel.isOpen()).isFalse();
		assertThat(this.errors.last).isNull();
	}

	private void someBytesOfAHead() {
		// the decoder has nothing to pass on yet
		this.channel.pipeline().fireChannelReadComplete();
	}

	private void request(Object... more) {
		this.channel.writeInbound(new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/"));
		this.channel.writeInbound(more);
	}

	private void content(int bytes) {
		content(bytes, false);
	}

	private void content(int bytes, boolean last) {
		this.channel.writeInbound(new DefaultHttpContent(Unpooled.wrappedBuffer(new byte[bytes])));
		if (last) {
			this.channel.writeInbound(LastHttpContent.EMPTY_LAST_CONTENT);
		}
	}

	private void pass(Duration time) {
		this.channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
		this.channel.runScheduledPendingTasks();
	}

	/** Records the last error and drops all messages. */
	private static final class Errors extends ChannelInboundHandlerAdapter {

		private Throwable last;

		@Override
		public void channelRead(ChannelHandlerContext context, Object message) {
			ReferenceCountUtil.release(message);
		}

		@Override
		public void exceptionCaught(ChannelHandlerContext context, Throwable error) {
			this.last = error;
		}

	}

}
