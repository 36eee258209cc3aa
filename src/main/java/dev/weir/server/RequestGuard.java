package dev.weir.server;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.netty.NettyPipeline;

/**
 * Refuses invalid requests and closes connections.
 * <ul>
 * <li>A request whose head is invalid ({@link RequestHead}) is replaced by an empty
 * request that {@link EntryFilter} refuses. A request whose body has broken framing fails
 * ({@link BrokenBodyHandler}). Nothing after either is read.</li>
 * <li>A reply to HTTP/1.0 is not chunked; the connection is closed after it.</li>
 * <li>A connection that is closed before a request was read completely is closed with
 * {@link LingeringClose}.</li>
 * </ul>
 */
final class RequestGuard extends ChannelDuplexHandler {

	/**
	 * The maximum number of bytes of a body that are read and dropped after its reply, to
	 * keep the connection for further requests.
	 */
	static final long MAX_DISCARDED = 1024 * 1024;

	private static final Logger logger = LoggerFactory.getLogger(RequestGuard.class);

	private static final String LINGERING = "weir.lingeringClose";

	/** The number of heads passed on. */
	private long requests;

	/** The number of replies begun. */
	private long replies;

	/** Whether the last reply is complete. */
	private boolean replyComplete = true;

	/** Whether the last request is not read completely yet. */
	private boolean incomplete;

	/** The bytes of the last request that arrived after its reply was complete. */
	private long discarded;

	/** Whether the declared length of the last request exceeds {@link #MAX_DISCARDED}. */
	private boolean large;

	/** Whether the connection is closed after the last request. */
	private boolean closing;

	/** Whether everything that still arrives is dropped. */
	private boolean dropping;

	private boolean http10;

	private @Nullable LingeringClose lingering;

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (this.dropping) {
			ReferenceCountUtil.release(message);
		}
		else if (message instanceof HttpRequest request) {
			readHead(context, request);
		}
		else if (message instanceof HttpContent content) {
			readContent(context, content);
		}
		else {
			context.fireChannelRead(message);
		}
	}

	private void readHead(ChannelHandlerContext context, HttpRequest request) {
		if (this.closing || isTruncated(request)) {
			this.dropping = true;
			ReferenceCountUtil.release(request);
			return;
		}
		ProtocolError error = RequestHead.validate(request);
		this.requests++;
		this.incomplete = true;
		this.discarded = 0;
		if (error != null) {
			refuse(context, request, error);
			return;
		}
		RequestHead.removeHopByHopHeaders(request.headers());
		if (request.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
			this.http10 = true;
			request.setProtocolVersion(HttpVersion.HTTP_1_1);
			// HTTP/1.0 has no interim responses (RFC 9110, section 10.1.1)
			request.headers().remove(HttpHeaderNames.EXPECT);
		}
		else if (!request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
			// a later minor version: the reply has the version of this server (RFC 9110,
			// section 2.5)
			request.setProtocolVersion(HttpVersion.HTTP_1_1);
		}
		this.closing = this.http10 || !HttpUtil.isKeepAlive(request);
		if (this.closing) {
			// otherwise Reactor Netty closes after the reply to an earlier, pipelined
			// request
			request.headers().remove(HttpHeaderNames.CONNECTION);
		}
		this.large = HttpUtil.getContentLength(request, 0L) > MAX_DISCARDED;
		context.fireChannelRead(request);
	}

	private static boolean isTruncated(HttpRequest request) {
		boolean truncated = request.decoderResult().cause() instanceof PrematureChannelClosureException;
		if (truncated) {
			logger.debug("A client closed its connection in the middle of a head");
		}
		return truncated;
	}

	private void refuse(ChannelHandlerContext context, HttpRequest request, ProtocolError error) {
		this.closing = true;
		this.dropping = true;
		HttpMethod method = request.method().equals(HttpMethod.HEAD) ? HttpMethod.HEAD : HttpMethod.GET;
		RefusedHeaders headers = new RefusedHeaders(error, request.headers().get(HttpHeaderNames.ORIGIN));
		ReferenceCountUtil.release(request);
		context.fireChannelRead(new DefaultHttpRequest(HttpVersion.HTTP_1_1, method, "/", headers));
		context.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT);
	}

	private void readContent(ChannelHandlerContext context, HttpContent content) {
		if (content.decoderResult().isFailure()) {
			content.release();
			this.closing = true;
			this.dropping = true;
			if (isLastRequestReplied()) {
				context.channel().close();
			}
			else {
				context.fireChannelRead(new BrokenBodyHandler.BrokenContent());
			}
			return;
		}
		if (content instanceof LastHttpContent) {
			this.incomplete = false;
			this.dropping = this.closing;
		}
		else if (isLastRequestReplied()) {
			this.discarded += content.content().readableBytes();
			if (this.discarded > MAX_DISCARDED) {
				content.release();
				context.channel().close();
				return;
			}
		}
		context.fireChannelRead(content);
	}

	/**
	 * Whether the rest of a request is read only to be dropped.
	 * @return whether its reply is complete, but not its body
	 */
	boolean isDiscarding() {
		return this.incomplete && isLastRequestReplied();
	}

	/** Whether the reply to the last request is complete. */
	private boolean isLastRequestReplied() {
		return this.replyComplete && this.replies == this.requests;
	}

	@Override
	public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
		if (message instanceof HttpResponse response) {
			if (response.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
				context.write(message, promise);
				return;
			}
			beginReply(response);
		}
		ChannelPromise written = promise;
		if (message instanceof LastHttpContent) {
			this.replyComplete = true;
			if (this.closing && this.replies == this.requests) {
				written = promise.unvoid();
				written.addListener((done) -> context.channel().close());
			}
		}
		context.write(message, written);
	}

	private void beginReply(HttpResponse response) {
		this.replies++;
		this.replyComplete = false;
		if (this.replies != this.requests) {
			return;
		}
		if (this.http10) {
			response.headers().remove(HttpHeaderNames.TRANSFER_ENCODING);
		}
		// a complete reply: the remainder of the request cannot change it any more
		this.closing |= this.large && this.incomplete && response instanceof LastHttpContent;
		if (this.closing) {
			response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
		}
	}

	@Override
	public void close(ChannelHandlerContext context, ChannelPromise promise) {
		if (this.lingering == null && this.incomplete && isLastRequestReplied() && context.channel().isActive()) {
			this.dropping = true;
			this.lingering = new LingeringClose();
			context.pipeline().addBefore(NettyPipeline.HttpCodec, LINGERING, this.lingering);
		}
		if (this.lingering == null) {
			context.close(promise);
		}
		else {
			this.lingering.whenClosed(promise);
		}
	}

}
