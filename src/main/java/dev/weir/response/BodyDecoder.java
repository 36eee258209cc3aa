package dev.weir.response;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.compression.Brotli;
import io.netty.handler.codec.compression.BrotliDecoder;
import io.netty.handler.codec.compression.DecompressionException;
import io.netty.handler.codec.compression.JdkZlibDecoder;
import io.netty.handler.codec.compression.ZlibDecoder;
import io.netty.handler.codec.compression.ZlibWrapper;
import io.netty.handler.codec.compression.Zstd;
import io.netty.handler.codec.compression.ZstdDecoder;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.body.ContentCoding;

/**
 * Decodes a compressed body (RFC 9110, section 8.4). Weir does not ask backends to
 * compress, but some do. It decodes only as fast as its output is read, so that a
 * decompression bomb takes no more memory than any other body. Not thread-safe.
 */
public final class BodyDecoder {

	/**
	 * Bytes that are decoded at once; gzip expands them at most about a thousand times.
	 */
	private static final int SLICE = 512;

	private static final int MAX_OUTPUT_OF_SLICE = 8 * 1024 * 1024;

	/** The first byte of a gzip body (RFC 1952, section 2.3.1). */
	private static final byte GZIP_ID = 0x1f;

	private final ChannelHandler decoder;

	private final EmbeddedChannel channel;

	private final Queue<byte[]> input = new ArrayDeque<>(1);

	private int read;

	private boolean begun;

	/** Whether the body is not encoded, in spite of its header. */
	private boolean plain;

	private final boolean gzip;

	private BodyDecoder(ChannelHandler decoder, boolean gzip) {
		this.decoder = decoder;
		this.gzip = gzip;
		this.channel = new EmbeddedChannel(decoder);
	}

	/**
	 * Creates a decoder.
	 * @param contentEncoding the value of the response's {@code content-encoding}, or
	 * {@code null}
	 * @return the decoder, or {@code null} if the body is not encoded or cannot be
	 * decoded
	 */
	static @Nullable BodyDecoder of(@Nullable String contentEncoding) {
		List<String> codings = ContentCoding.names(contentEncoding);
		if (codings.size() != 1) {
			return null;
		}
		return switch (codings.get(0)) {
			case "gzip", "x-gzip" -> new BodyDecoder(new JdkZlibDecoder(ZlibWrapper.GZIP, false, 0), true);
			case "deflate", "x-deflate" ->
				new BodyDecoder(new JdkZlibDecoder(ZlibWrapper.ZLIB_OR_NONE, false, 0), false);
			// these two need libraries that are not part of Weir
			case "br" -> Brotli.isAvailable() ? new BodyDecoder(new BrotliDecoder(), false) : null;
			case "zstd" -> Zstd.isAvailable() ? new BodyDecoder(new ZstdDecoder(), false) : null;
			default -> null;
		};
	}

	/**
	 * Whether a body is encoded.
	 * @param contentEncoding the value of {@code content-encoding}, or {@code null}
	 * @return whether it names a coding other than {@code identity}
	 */
	public static boolean isEncoded(@Nullable String contentEncoding) {
		return !ContentCoding.names(contentEncoding).isEmpty();
	}

	/**
	 * Adds bytes to be decoded.
	 * @param bytes the encoded bytes, at least one
	 */
	void add(byte[] bytes) {
		if (!this.begun) {
			this.begun = true;
			// some proxies decode a body without removing the header
			this.plain = this.gzip && bytes[0] != GZIP_ID;
		}
		this.input.add(bytes);
	}

	/**
	 * Whether there are bytes that are not decoded yet.
	 * @return whether {@link #next()} may return bytes
	 */
	boolean hasInput() {
		return !this.input.isEmpty() || !this.channel.inboundMessages().isEmpty();
	}

	/**
	 * Decodes the next bytes.
	 * @return the bytes, or {@code null} if more input is needed
	 * @throws DecompressionException if the input cannot be decoded
	 */
	byte @Nullable [] next() {
		while (true) {
			ByteBuf decoded = this.channel.readInbound();
			if (decoded != null) {
				byte[] bytes = ByteBufUtil.getBytes(decoded);
				decoded.release();
				if (bytes.length > 0) {
					return bytes;
				}
				continue;
			}
			byte[] head = this.input.peek();
			if (head == null) {
				return null;
			}
			if (this.plain) {
				return this.input.remove();
			}
			int end = Math.min(head.length, this.read + SLICE);
			ByteBuf slice = Unpooled.wrappedBuffer(Arrays.copyOfRange(head, this.read, end));
			this.read = end;
			if (end == head.length) {
				this.input.remove();
				this.read = 0;
			}
			decode(slice);
		}
	}

	private void decode(ByteBuf slice) {
		if (this.decoder instanceof ZlibDecoder zlib && zlib.isClosed()) {
			slice.release();
			throw new DecompressionException("Data follows the end of the encoded body");
		}
		this.channel.writeInbound(slice);
		long output = 0;
		for (Object part : this.channel.inboundMessages()) {
			output += ((ByteBuf) part).readableBytes();
		}
		if (output > MAX_OUTPUT_OF_SLICE) {
			throw new DecompressionException("The encoded body expands too much");
		}
	}

	/**
	 * Whether the body may end here.
	 * @return {@code false} if a part is known to be missing
	 */
	boolean mayEnd() {
		return !this.begun || this.plain || !(this.decoder instanceof ZlibDecoder zlib) || zlib.isClosed();
	}

	/** Releases its buffers. */
	void close() {
		this.input.clear();
		try {
			this.channel.finishAndReleaseAll();
		}
		catch (RuntimeException ex) {
			// thrown for a body that cannot be decoded
		}
	}

}
