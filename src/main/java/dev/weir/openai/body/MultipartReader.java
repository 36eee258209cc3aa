package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.MalformedRequestException;

/**
 * Reads the parts of a {@code multipart/form-data} body. It refuses bodies in which two
 * parsers could see different parts: line breaks must be CRLF, header lines must not be
 * folded, and no other line may start with the boundary.
 */
final class MultipartReader {

	private static final int MAX_HEADERS = 16 * 1024;

	private final byte[] body;

	private final MultipartBoundary boundary;

	private final int start;

	private int at;

	MultipartReader(byte[] body, MultipartBoundary boundary) {
		this.body = body;
		this.boundary = boundary;
		int preamble = boundary.isAt(body, 0) ? -2 : boundary.find(body, 0);
		if (preamble == -1) {
			throw new MalformedRequestException(
					"The request body does not have the boundary that its Content-Type names");
		}
		this.start = preamble + 2;
		this.at = this.start + boundary.length();
	}

	/** The index of the first delimiter. */
	int start() {
		return this.start;
	}

	/**
	 * Returns the next part.
	 * @return the part, or {@code null} after the last one
	 */
	@Nullable Part next() {
		if (is(this.at, '-') && is(this.at + 1, '-')) {
			return null;
		}
		while (is(this.at, ' ') || is(this.at, '\t')) {
			this.at++;
		}
		if (endOfLine(this.at, this.at) != this.at) {
			throw malformed();
		}
		this.at += 2;
		HeaderValue disposition = readHeaders();
		String name = disposition.parameter("name");
		if (name == null || !disposition.type().equals("form-data")) {
			throw new MalformedRequestException("A part of the request body has no name");
		}
		int from = this.at;
		int to = this.boundary.find(this.body, from);
		// in RFC 2046 the break of the blank line may belong to the delimiter; not every
		// parser accepts that
		if (to < 0 || this.boundary.isAt(this.body, from)) {
			throw malformed();
		}
		this.at = to + 2 + this.boundary.length();
		boolean file = disposition.parameter("filename") != null || disposition.parameter("filename*") != null;
		return new Part(name, file, from, to);
	}

	private HeaderValue readHeaders() {
		HeaderValue disposition = null;
		int limit = this.at + MAX_HEADERS;
		int end = endOfLine(this.at, limit);
		for (; end != this.at; end = endOfLine(this.at, limit)) {
			String line = new String(this.body, this.at, end - this.at, StandardCharsets.ISO_8859_1);
			int colon = line.indexOf(':');
			String field = line.substring(0, Math.max(colon, 0));
			if (field.isEmpty() || field.chars().anyMatch(Character::isWhitespace)) {
				throw malformed();
			}
			if (field.equalsIgnoreCase("Content-Disposition")) {
				if (disposition != null) {
					throw malformed();
				}
				disposition = HeaderValue.parse(line.substring(colon + 1));
			}
			this.at = end + 2;
		}
		this.at += 2;
		if (disposition == null) {
			throw malformed();
		}
		return disposition;
	}

	private int endOfLine(int from, int limit) {
		for (int i = from; i < this.body.length && i <= limit; i++) {
			if (this.body[i] == '\r' && is(i + 1, '\n')) {
				return i;
			}
			if ((this.body[i] >= 0 && this.body[i] < ' ' && this.body[i] != '\t') || this.body[i] == 0x7F) {
				throw malformed();
			}
		}
		throw malformed();
	}

	private boolean is(int index, char wanted) {
		return index < this.body.length && this.body[index] == wanted;
	}

	private MalformedRequestException malformed() {
		return new MalformedRequestException("The request body is not valid multipart/form-data near byte " + this.at);
	}

	/**
	 * A part of the body.
	 *
	 * @param name the field's name
	 * @param file whether it is a file
	 * @param from the index of its content's first byte
	 * @param to the index after its content
	 */
	record Part(String name, boolean file, int from, int to) {
	}

}
