package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.MalformedRequestException;

/**
 * The boundary between the parts of a multipart body (RFC 2046, section 5.1.1).
 */
final class MultipartBoundary {

	private static final String CHARACTERS = "'()+_,-./:=? ";

	private final String delimiter;

	/** The delimiter with the preceding line break, which belongs to it. */
	private final BytePattern pattern;

	private MultipartBoundary(String boundary) {
		this.delimiter = "--" + boundary;
		this.pattern = new BytePattern(("\r\n" + this.delimiter).getBytes(StandardCharsets.US_ASCII));
	}

	static MultipartBoundary of(@Nullable String boundary) {
		if (boundary == null || boundary.isEmpty() || boundary.length() > 70 || boundary.endsWith(" ")
				|| !boundary.chars().allMatch(MultipartBoundary::isAllowed)) {
			throw new MalformedRequestException("The Content-Type has no boundary of 1 to 70 allowed characters");
		}
		return new MultipartBoundary(boundary);
	}

	private static boolean isAllowed(int c) {
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || CHARACTERS.indexOf(c) >= 0;
	}

	/** The length of the delimiter without a line break. */
	int length() {
		return this.delimiter.length();
	}

	boolean isAt(byte[] body, int at) {
		return this.pattern.isAt(body, at, 2);
	}

	/**
	 * Finds the next delimiter.
	 * @param body the bytes to search
	 * @param from the index to start at
	 * @return the index of the line break before the delimiter, or -1
	 */
	int find(byte[] body, int from) {
		return this.pattern.find(body, from);
	}

	/**
	 * Writes a part that can be inserted before all others.
	 * @param name the name of the field
	 * @param value the value of the field
	 * @return the part, starting with the delimiter and ending with a line break
	 */
	String firstPart(String name, String value) {
		return this.delimiter + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
	}

}
