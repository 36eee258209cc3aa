package dev.weir.server;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

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
 * Ends requests that come too slowly, with 408 (RFC 9110, section 15.5.9). A head must be
 * whole in a stated time from its first byte. A body must not pause longer than a stated
 * time, and when it has taken that long, it must come with {@value #MIN_RATE} bytes a
 * second from then on. Time in which Weir itself does not read, since a backend takes no
 * more, does not count.
 */
final class RequestPace extends ChannelInboundHandlerAdapter {

	/** Bytes a second that a long body must come with. */
	static final int MIN_RATE = 1024;

	// for the reply, before the connection is closed without it
	private static final Duration CLOSE_AFTER = Duration.ofSeconds(5);

	private static final Logger logger = LoggerFactory.getLogger(RequestPace.class);

	private final Duration headTimeout;

	private final Duration bodyTimeout;

	private @Nullable Future<?> timer;

	private Part part = Part.NONE;

	// of the period of body-timeout that runs
	private long bytes;

	private boolean first;

	private boolean held;

	// whether what was read last was decoded to something
	private boolean decoded;

	/**
	 * Makes one for a connection.
	 * @param headTimeout how long a head may take
	 * @param bodyTimeout how long a body may pause
	 */
	RequestPace(Duration headTimeout, Duration bodyTimeout) {
		this.headTimeout = headTimeout;
		this.bodyTimeout = bodyTimeout;
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		this.decoded = true;
		if (message instanceof HttpRequest) {
			begin(Part.BODY);
			this.bytes = 0;
			this.first = true;
			this.held = false;
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
		this.held |= !context.channel().config().isAutoRead();
		// most requests come in one piece and need no timer
		if (this.timer == null && this.part == Part.HEAD) {
			this.timer = schedule(context, this.headTimeout, () -> refuseHead(context));
		}
		else if (this.timer == null && this.part == Part.BODY) {
			this.timer = schedule(context, this.bodyTimeout, () -> checkBody(context));
		}
	}

	private void begin(Part next) {
		stop();
		this.part = next;
	}

	private static Future<?> schedule(ChannelHandlerContext context, Duration delay, Runnable task) {
		return context.executor().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
	}

	private void checkBody(ChannelHandlerContext context) {
		boolean reading = context.channel().config().isAutoRead() && !this.held;
		long least = this.first ? 1 : MIN_RATE * Math.max(1, this.bodyTimeout.toSeconds());
		if (reading && this.bytes < least) {
			refuseBody(context);
			return;
		}
		this.first &= !reading;
		this.held = !context.channel().config().isAutoRead();
		this.bytes = 0;
		this.timer = schedule(context, this.bodyTimeout, () -> checkBody(context));
	}

	private void refuseBody(ChannelHandlerContext context) {
		logger.info("A client sent its request too slowly: {} bytes in {} ms; it gets 408", this.bytes,
				this.bodyTimeout.toMillis());
		this.timer = schedule(context, CLOSE_AFTER, context::close);
		// an error with nothing before it is taken for one of the server's
		context.fireChannelRead(new DefaultHttpContent(Unpooled.EMPTY_BUFFER));
		context.fireExceptionCaught(new ApiErrorException(
				error("The request's body came too slowly (weir.body-timeout)."), Map.of("connection", "close")));
	}

	private void refuseHead(ChannelHandlerContext context) {
		if (context.channel() instanceof DuplexChannel socket && socket.isOutputShutdown()) {
			// the connection is being closed anyway
			context.close();
			return;
		}
		logger.debug("A client took longer than {} for the head of a request", this.headTimeout);
		ByteBuf body = Unpooled
			.wrappedBuffer(error("The head of the request did not come in time (weir.header-timeout).").toJson());
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

	/** What of a request is on its way. */
	private enum Part {

		NONE, HEAD, BODY

	}

}
