package dev.weir.server;

import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;

/**
 * Netty's decoder with strict request lines: exactly one space between method, target and
 * version (RFC 9112, section 3). Netty's own takes tabs and carriage returns for spaces,
 * which another server on the way may read otherwise.
 */
final class RequestDecoder extends HttpRequestDecoder {

	private static final String VERSION_PREFIX = "HTTP/";

	private final RequestMethods methods;

	private boolean tooMany;

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
		super.decode(context, buffer, out);
		for (int i = before; i < out.size(); i++) {
			if (out.get(i) instanceof HttpRequest request && !this.methods.add(request.method())) {
				request
					.setDecoderResult(DecoderResult.failure(new IllegalStateException("Too many pipelined requests")));
				this.tooMany = true;
			}
		}
	}

	@Override
	protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
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
