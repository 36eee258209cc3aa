package dev.weir.openai.body;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Decodes a gzip file, which has one or more members (RFC 1952, section 2.2). The JDK's
 * {@code GZIPInputStream} is recursive for empty members, so a small body with many of
 * them overflows its stack.
 */
final class GzipReader extends InputStream {

	private static final int DEFLATE_METHOD = 8;

	private static final int HAS_CRC = 2;

	private static final int HAS_EXTRA = 4;

	private static final int HAS_NAME = 8;

	private static final int HAS_COMMENT = 16;

	private final byte[] encoded;

	private final Inflater inflater = new Inflater(true);

	private final CRC32 crc = new CRC32();

	private int at;

	private boolean inMember;

	GzipReader(byte[] encoded) {
		this.encoded = encoded;
	}

	@Override
	public int read() throws IOException {
		byte[] one = new byte[1];
		return (read(one, 0, 1) < 0) ? -1 : one[0] & 0xFF;
	}

	@Override
	public int read(byte[] into, int offset, int length) throws IOException {
		if (length == 0) {
			return 0;
		}
		while (this.inMember || this.at < this.encoded.length || this.at == 0) {
			if (!this.inMember) {
				beginMember();
			}
			int count = inflate(into, offset, length);
			if (count > 0) {
				this.crc.update(into, offset, count);
				return count;
			}
			if (!this.inflater.finished()) {
				throw new EOFException("The member is not complete");
			}
			endMember();
		}
		return -1;
	}

	private int inflate(byte[] into, int offset, int length) throws ZipException {
		try {
			return this.inflater.inflate(into, offset, length);
		}
		catch (DataFormatException ex) {
			throw new ZipException(String.valueOf(ex.getMessage()));
		}
	}

	private void beginMember() throws IOException {
		if (next() != 0x1F || next() != 0x8B || next() != DEFLATE_METHOD) {
			throw new ZipException("Not in gzip format");
		}
		int flags = next();
		// time, compression level and operating system
		skip(6);
		if ((flags & HAS_EXTRA) != 0) {
			skip(next() | next() << 8);
		}
		if ((flags & HAS_NAME) != 0) {
			skipText();
		}
		if ((flags & HAS_COMMENT) != 0) {
			skipText();
		}
		if ((flags & HAS_CRC) != 0) {
			skip(2);
		}
		this.inflater.reset();
		this.inflater.setInput(this.encoded, this.at, this.encoded.length - this.at);
		this.crc.reset();
		this.inMember = true;
	}

	private void endMember() throws IOException {
		this.at = this.encoded.length - this.inflater.getRemaining();
		if (number() != this.crc.getValue() || number() != (this.inflater.getBytesWritten() & 0xFFFFFFFFL)) {
			throw new ZipException("Wrong check sum or length");
		}
		this.inMember = false;
	}

	private long number() throws EOFException {
		return next() | next() << 8 | next() << 16 | (long) next() << 24;
	}

	private int next() throws EOFException {
		skip(1);
		return this.encoded[this.at - 1] & 0xFF;
	}

	private void skip(int count) throws EOFException {
		if (count > this.encoded.length - this.at) {
			throw new EOFException("The member is not complete");
		}
		this.at += count;
	}

	private void skipText() throws EOFException {
		while (next() != 0) {
			// up to the final zero
		}
	}

	@Override
	public void close() {
		this.inflater.end();
	}

}
