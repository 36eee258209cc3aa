package dev.weir.server;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * Ends requests that arrive too slowly, with 408 (RFC 9110, section 15.5.9). A head must
 * be complete within the head timeout after its first byte. A body is measured in periods
 * of the body timeout: it must not pause for a whole period, and after the first period
 * it must have {@value #MIN_RATE} bytes per second. A period in which Weir pauses
 * reading, because a backend accepts no more, does not count. If the body already has its
 * reply and is too slow, the connection is closed.
 */
final class RequestTimeoutHandler extends ChannelInboundHandlerAdapter {

	/** The minimum rate of a long body in bytes per second. */
	static final int MIN_RATE = 1024;

	/** The time for the 408 to be written before the connection is closed. */
	private static final Duration CLOSE_DELAY = Duration.ofSeconds(5);

	private static final Logger logger = LoggerFactory.getLogger(RequestTimeoutHandler.class);

	private final Duration headTimeout;

	private final Duration bodyTimeout;

	private final BooleanSupplier discarding;

	private @Nullable Future<?> timer;

	private Part part = Part.NONE;

	// the current period of a body: bytes read, whether it is the first period, and
	// whether reading was paused in it
	private long bytes;

	private boolean firstPeriod;

	private boolean paused;

	// whether the current read has completed a message
	private boolean decoded;

	/**
	 * Creates a handler for one connection.
	 * @param headTimeout how long a head may take
	 * @param bodyTimeout how long a body may pause
	 * @param discarding whether the request has its reply and its body is dropped
	 */
	RequestTimeoutHandler(Duration headTimeout, Duration bodyTimeout, BooleanSupplier discarding) {
		this.discarding = discarding;
		this.headTimeout = headTimeout;
		this.bodyTimeout = bodyTimeout;
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		this.decoded = true;
		if (message instanceof HttpRequest) {
			begin(Part.BODY);
			this.bytes = 0;
			this.firstPeriod = true;
			this.paused = false;
		}
		if (message instanceof HttpContent content && this.part == Part.BODY) {
			this.bytes += content.content().readableBytes();
			if (message instanceof LastHttpContent) {
				begin(Part.NONE);
			}
		}
		context.fireChannelRead(message);
	}

	@Override
	public void channelReadComplete(ChannelHandlerContext context) {
		if (!this.decoded && this.part == Part.NONE) {
			begin(Part.HEAD);
		}
		this.decoded = false;
		context.fireChannelReadComplete();
		this.paused |= !context.channel().config().isAutoRead();
		// not earlier, because most requests arrive in one read and need no timer
		if (this.timer == null && this.part == Part.HEAD) {
			this.timer = schedule(context, this.headTimeout, () -> onHeadTimeout(context));
		}
		else if (this.timer == null && this.part == Part.BODY) {
			this.timer = schedule(context, this.bodyTimeout, () -> onBodyPeriod(context));
		}
	}

	private void begin(Part next) {
		stop();
		this.part = next;
	}

	private static Future<?> schedule(ChannelHandlerContext context, Duration delay, Runnable task) {
		return context.executor().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
	}

	private void onBodyPeriod(ChannelHandlerContext context) {
		boolean dropped = this.discarding.getAsBoolean();
		boolean counts = dropped || (context.channel().config().isAutoRead() && !this.paused);
		long minimum = this.firstPeriod ? 1 : MIN_RATE * Math.max(1, this.bodyTimeout.toSeconds());
		if (counts && this.bytes < minimum) {
			if (dropped) {
				context.close();
			}
			else {
				refuseBody(context);
			}
			return;
		}
		this.firstPeriod &= !counts;
		this.paused = !context.channel().config().isAutoRead();
		this.bytes = 0;
		this.timer = schedule(context, this.bodyTimeout, () -> onBodyPeriod(context));
	}

	private void refuseBody(ChannelHandlerContext context) {
		logger.info("A client sent its request too slowly, {} bytes in {} ms; the reply is 408", this.bytes,
				this.bodyTimeout.toMillis());
		this.timer = schedule(context, CLOSE_DELAY, context::close);
		// without content before it, Reactor Netty takes an error for a failure of the
		// server
		context.fireChannelRead(new DefaultHttpContent(Unpooled.EMPTY_BUFFER));
		context.fireExceptionCaught(
				new ApiErrorException(error("The body of the request arrived too slowly (weir.body-timeout)."),
						Map.of("connection", "close")));
	}

	private void onHeadTimeout(ChannelHandlerContext context) {
		if (context.channel() instanceof DuplexChannel socket && socket.isOutputShutdown()) {
			// LingeringClose is closing the connection
			context.close();
			return;
		}
		logger.debug("A client took longer than {} for the head of a request", this.headTimeout);
		ByteBuf body = Unpooled
			.wrappedBuffer(error("The head of the request did not arrive in time (weir.header-timeout).").toJson());
		DefaultFullHttpResponse reply = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1,
				HttpResponseStatus.REQUEST_TIMEOUT, body);
		reply.headers()
			.set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
			.set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes())
			.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
		context.writeAndFlush(reply).addListener(ChannelFutureListener.CLOSE);
	}

	private static ApiError error(String message) {
		return new ApiError(408, message, "invalid_request_error", null, "request_timeout");
	}

	@Override
	public void channelInactive(ChannelHandlerContext context) {
		stop();
		context.fireChannelInactive();
	}

	@Override
	public void handlerRemoved(ChannelHandlerContext context) {
		stop();
	}

	private void stop() {
		if (this.timer != null) {
			this.timer.cancel(false);
			this.timer = null;
		}
	}

	/** The part of a request that is being read. */
	private enum Part {

		NONE, HEAD, BODY

	}

}
