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
 * Netty's request decoder, made strict where servers differ, since a difference between
 * two servers allows request smuggling. The request line must have exactly one space
 * between method, target and version (RFC 9112, section 3). A head must not have folded
 * lines (section 5.2) or, in HTTP/1.0, more than one length (section 6.3).
 */
final class RequestDecoder extends HttpRequestDecoder {

	private static final String VERSION_PREFIX = "HTTP/";

	private static final byte[] CONTENT_LENGTH = "content-length:".getBytes(StandardCharsets.US_ASCII);

	private final PendingMethods methods;

	/**
	 * Whether there were too many pipelined requests; everything after them is dropped.
	 */
	private boolean tooMany;

	/** The buffer of the current call of {@link #decode}, else an empty one. */
	private ByteBuf buffer = Unpooled.EMPTY_BUFFER;

	/** Whether the next lines are headers. */
	private boolean inHead;

	private boolean folded;

	private int lengths;

	RequestDecoder(HttpDecoderConfig config, PendingMethods methods) {
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
	 * Checks the complete header lines in the buffer before Netty decodes them. Netty
	 * stops at the beginning of a line, so each line is checked once.
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

	/** Netty calls it as soon as a head is complete. */
	@Override
	protected boolean isContentAlwaysEmpty(HttpMessage message) {
		this.inHead = false;
		if (this.folded) {
			throw new IllegalArgumentException("The head has a folded line");
		}
		if (this.lengths > 1) {
			throw new IllegalArgumentException("The head has more than one length");
		}
		return super.isContentAlwaysEmpty(message);
	}

	@Override
	protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
		if (start > 0) {
			throw new IllegalArgumentException("There is white space before the request line");
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
		// the version is case-sensitive (RFC 9112, section 2.3)
		for (int i = 0; i < VERSION_PREFIX.length(); i++) {
			if (length <= i || line[start + i] != VERSION_PREFIX.charAt(i)) {
				throw new IllegalArgumentException("The request line has no version");
			}
		}
		return super.splitThirdWordInitialLine(line, start, length);
	}

	/** Checks for a single space; Netty checks the text after it. */
	private static void checkSeparator(byte[] line, int at) {
		if (at + 1 < line.length && (line[at] != ' ' || line[at + 1] <= ' ')) {
			throw new IllegalArgumentException("The request line does not have exactly one space");
		}
	}

}
