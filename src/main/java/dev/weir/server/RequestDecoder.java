package dev.weir.server;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpConstants;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;

/**
 * Netty's decoder with strict request lines: exactly one space between method, target and
 * version (RFC 9112, section 3), and heads without what Netty takes and another server on
 * the way may read otherwise: folded lines (section 5.2) and, in HTTP/1.0, more than one
 * length (section 6.3).
 */
final class RequestDecoder extends HttpRequestDecoder {

	private static final String VERSION_PREFIX = "HTTP/";

	private static final byte[] CONTENT_LENGTH = "content-length:".getBytes(StandardCharsets.US_ASCII);

	private final RequestMethods methods;

	private boolean tooMany;

	/** What is being decoded, while it is. */
	private ByteBuf buffer = Unpooled.EMPTY_BUFFER;

	/** Whether the lines that come next are headers. */
	private boolean inHead;

	private boolean folded;

	private int lengths;

	RequestDecoder(HttpDecoderConfig config, RequestMethods methods) {
		super(config);
		this.methods = methods;
	}

	@Override
	protected void decode(ChannelHandlerContext context, ByteBuf buffer, List<Object> out) throws Exception {
		if (this.tooMany) {
			buffer.skipBytes(buffer.readableBytes());
			return;
		}
		int before = out.size();
		this.buffer = buffer;
		if (this.inHead) {
			checkLines(buffer);
		}
		super.decode(context, buffer, out);
		this.buffer = Unpooled.EMPTY_BUFFER;
		for (int i = before; i < out.size(); i++) {
			if (out.get(i) instanceof HttpRequest request && !this.methods.add(request.method())) {
				request
					.setDecoderResult(DecoderResult.failure(new IllegalStateException("Too many pipelined requests")));
				this.tooMany = true;
			}
		}
	}

	@Override
	protected HttpMessage createMessage(String[] initialLine) throws Exception {
		HttpMessage message = super.createMessage(initialLine);
		this.inHead = true;
		this.folded = false;
		this.lengths = 0;
		checkLines(this.buffer);
		return message;
	}

	/**
	 * Looks at the whole lines of a head that Netty is about to read. It always leaves
	 * off at the beginning of a line.
	 */
	private void checkLines(ByteBuf head) {
		int line = head.readerIndex();
		int end = head.indexOf(line, head.writerIndex(), HttpConstants.LF);
		while (end >= 0 && head.getByte(line) != HttpConstants.CR && end > line) {
			byte first = head.getByte(line);
			this.folded |= first == HttpConstants.SP || first == HttpConstants.HT;
			if ((first == 'c' || first == 'C') && isContentLength(head, line)) {
				this.lengths++;
			}
			line = end + 1;
			end = head.indexOf(line, head.writerIndex(), HttpConstants.LF);
		}
	}

	private static boolean isContentLength(ByteBuf head, int line) {
		if (head.writerIndex() - line < CONTENT_LENGTH.length) {
			return false;
		}
		for (int i = 0; i < CONTENT_LENGTH.length; i++) {
			byte c = head.getByte(line + i);
			if (((c >= 'A' && c <= 'Z') ? c + 'a' - 'A' : c) != CONTENT_LENGTH[i]) {
				return false;
			}
		}
		return true;
	}

	/** Is asked as soon as a head is read. */
	@Override
	protected boolean isContentAlwaysEmpty(HttpMessage message) {
		this.inHead = false;
		if (this.folded) {
			throw new IllegalArgumentException("A folded line in the head");
		}
		if (this.lengths > 1) {
			throw new IllegalArgumentException("More than one length");
		}
		return super.isContentAlwaysEmpty(message);
	}

	@Override
	protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
		if (start > 0) {
			throw new IllegalArgumentException("White space before the request line");
		}
		checkSeparator(line, start + length);
		return super.splitFirstWordInitialLine(line, start, length);
	}

	@Override
	protected String splitSecondWordInitialLine(byte[] line, int start, int length) {
		checkSeparator(line, start + length);
		return super.splitSecondWordInitialLine(line, start, length);
	}

	@Override
	protected String splitThirdWordInitialLine(byte[] line, int start, int length) {
		// its letters are case-sensitive (RFC 9112, section 2.3)
		for (int i = 0; i < VERSION_PREFIX.length(); i++) {
			if (length <= i || line[start + i] != VERSION_PREFIX.charAt(i)) {
				throw new IllegalArgumentException("No version in the request line");
			}
		}
		return super.splitThirdWordInitialLine(line, start, length);
	}

	/** The words that follow are checked by Netty. */
	private static void checkSeparator(byte[] line, int at) {
		if (at + 1 < line.length && (line[at] != ' ' || line[at + 1] <= ' ')) {
			throw new IllegalArgumentException("Not one space in the request line");
		}
	}

}
