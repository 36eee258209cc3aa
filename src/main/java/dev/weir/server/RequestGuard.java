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
 * Decides what of a connection's requests is read, and how the connection ends.
 * <ul>
 * <li>A head that breaks {@link HeadRules} is replaced by a harmless request that
 * {@link RefusalFilter} replies to; a body whose framing breaks fails. Nothing behind
 * either is read.</li>
 * <li>A reply to HTTP/1.0 has no chunks: its end is the connection's.</li>
 * <li>A connection that ends before a request was read whole is closed in halves, see
 * {@link LingeringClose}.</li>
 * </ul>
 */
final class RequestGuard extends ChannelDuplexHandler {

	/**
	 * How much of a body is read behind the end of the reply, in bytes, to keep the
	 * connection for further requests.
	 */
	static final long MAX_DISCARDED = 1024 * 1024;

	private static final Logger logger = LoggerFactory.getLogger(RequestGuard.class);

	private static final String LINGERING = "weir.lingeringClose";

	/** How many heads were passed on. */
	private long requests;

	/** How many replies have begun. */
	private long replies;

	/** Whether the reply that began last is written whole. */
	private boolean replied = true;

	/** Whether the client still has to send some of the last request. */
	private boolean unread;

	/** How much of the last request came after its reply was written. */
	private long discarded;

	/** Whether the last request said that it is longer than what would be discarded. */
	private boolean large;

	/** No further request is read. */
	private boolean last;

	/** Nothing further is read. */
	private boolean ended;

	private boolean http10;

	private @Nullable LingeringClose lingering;

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (this.ended) {
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
		if (this.last || isCutShort(request)) {
			this.ended = true;
			ReferenceCountUtil.release(request);
			return;
		}
		Refusal refusal = HeadRules.check(request);
		this.requests++;
		this.unread = true;
		this.discarded = 0;
		if (refusal != null) {
			refuse(context, request, refusal);
			return;
		}
		HeadRules.removeHopByHop(request.headers());
		if (request.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
			this.http10 = true;
			request.setProtocolVersion(HttpVersion.HTTP_1_1);
			// it knows no interim responses either (RFC 9110, section 10.1.1)
			request.headers().remove(HttpHeaderNames.EXPECT);
		}
		else if (!request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
			// a later minor version; replies name the one that is spoken here (RFC 9110,
			// section 2.5)
			request.setProtocolVersion(HttpVersion.HTTP_1_1);
		}
		this.last = this.http10 || !HttpUtil.isKeepAlive(request);
		if (this.last) {
			// Reactor Netty would close with the reply to an earlier, pipelined request
			request.headers().remove(HttpHeaderNames.CONNECTION);
		}
		this.large = HttpUtil.getContentLength(request, 0L) > MAX_DISCARDED;
		context.fireChannelRead(request);
	}

	private static boolean isCutShort(HttpRequest request) {
		boolean cut = request.decoderResult().cause() instanceof PrematureChannelClosureException;
		if (cut) {
			logger.debug("A client closed its connection in the middle of a head");
		}
		return cut;
	}

	private void refuse(ChannelHandlerContext context, HttpRequest request, Refusal refusal) {
		this.last = true;
		this.ended = true;
		HttpMethod method = request.method().equals(HttpMethod.HEAD) ? HttpMethod.HEAD : HttpMethod.GET;
		RefusedHeaders headers = new RefusedHeaders(refusal, request.headers().get(HttpHeaderNames.ORIGIN));
		ReferenceCountUtil.release(request);
		context.fireChannelRead(new DefaultHttpRequest(HttpVersion.HTTP_1_1, method, "/", headers));
		context.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT);
	}

	private void readContent(ChannelHandlerContext context, HttpContent content) {
		if (content.decoderResult().isFailure()) {
			content.release();
			this.last = true;
			this.ended = true;
			if (isReplied()) {
				context.channel().close();
			}
			else {
				context.fireChannelRead(new BrokenContent());
			}
			return;
		}
		if (content instanceof LastHttpContent) {
			this.unread = false;
			this.ended = this.last;
		}
		else if (isReplied()) {
			this.discarded += content.content().readableBytes();
			if (this.discarded > MAX_DISCARDED) {
				content.release();
				context.channel().close();
				return;
			}
		}
		context.fireChannelRead(content);
	}

	/** Whether the reply to the last request is written whole. */
	private boolean isReplied() {
		return this.replied && this.replies == this.requests;
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
			this.replied = true;
			if (this.last && this.replies == this.requests) {
				written = promise.unvoid();
				written.addListener((done) -> context.channel().close());
			}
		}
		context.write(message, written);
	}

	private void beginReply(HttpResponse response) {
		this.replies++;
		this.replied = false;
		if (this.replies != this.requests) {
			return;
		}
		if (this.http10) {
			response.headers().remove(HttpHeaderNames.TRANSFER_ENCODING);
		}
		// only of a reply that is whole is it known that the rest comes too late for it
		this.last |= this.large && this.unread && response instanceof LastHttpContent;
		if (this.last) {
			response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
		}
	}

	@Override
	public void close(ChannelHandlerContext context, ChannelPromise promise) {
		if (this.lingering == null && this.unread && isReplied() && context.channel().isActive()) {
			this.ended = true;
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
