package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.MalformedRequestException;

/**
 * What separates the parts of a multipart body (RFC 2046, section 5.1.1).
 */
final class MultipartBoundary {

	private static final String CHARACTERS = "'()+_,-./:=? ";

	private final String delimiter;

	/** The delimiter and the line break before it, which belongs to it. */
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
	 * Returns where the next line break is that a delimiter follows.
	 * @param body where to search
	 * @param from where to begin
	 * @return the index of the line break, or -1
	 */
	int find(byte[] body, int from) {
		return this.pattern.find(body, from);
	}

	/**
	 * Writes a part to be put in before all others.
	 * @param name the name of the field
	 * @param value the value of the field
	 * @return the part, its delimiter at its beginning and a line break at its end
	 */
	String firstPart(String name, String value) {
		return this.delimiter + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
	}

}
