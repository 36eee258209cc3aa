package dev.weir.testing;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A reply that a {@link RawClient} has read.
 *
 * @param status the status code
 * @param headers the values by name, in any case
 * @param body the body, without chunking
 */
public record RawReply(int status, Map<String, List<String>> headers, byte[] body) {

	/**
	 * Reads a reply from a connection.
	 * @param in the bytes received
	 * @param toHead whether it is the reply to a HEAD request, which has no body
	 * @return the reply
	 * @throws UncheckedIOException if the connection ends before the reply
	 */
	static RawReply read(InputStream in, boolean toHead) {
		try {
			String status = line(in);
			Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
			for (String line = line(in); !line.isEmpty(); line = line(in)) {
				int colon = line.indexOf(':');
				headers.computeIfAbsent(line.substring(0, colon), (name) -> new ArrayList<>())
					.add(line.substring(colon + 1).strip());
			}
			int code = Integer.parseInt(status.split(" ")[1]);
			return new RawReply(code, headers, (toHead || code < 200) ? new byte[0] : body(in, headers));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static byte[] body(InputStream in, Map<String, List<String>> headers) throws IOException {
		if (headers.containsKey("content-length")) {
			return in.readNBytes(Integer.parseInt(headers.get("content-length").get(0)));
		}
		if (!headers.containsKey("transfer-encoding")) {
			return in.readAllBytes();
		}
		ByteArrayOutputStream body = new ByteArrayOutputStream();
		for (int size = chunkSize(in); size > 0; size = chunkSize(in)) {
			body.write(in.readNBytes(size));
			line(in);
		}
		line(in);
		return body.toByteArray();
	}

	private static int chunkSize(InputStream in) throws IOException {
		return Integer.parseInt(line(in), 16);
	}

	private static String line(InputStream in) throws IOException {
		ByteArrayOutputStream line = new ByteArrayOutputStream();
		for (int next = in.read(); next != '\n'; next = in.read()) {
			if (next < 0) {
				throw new EOFException("The server closed the connection after '" + line + "'");
			}
			line.write(next);
		}
		return line.toString(StandardCharsets.ISO_8859_1).strip();
	}

	/**
	 * The body as text.
	 * @return the body in UTF-8
	 */
	public String text() {
		return new String(this.body, StandardCharsets.UTF_8);
	}

	/**
	 * The value of a header.
	 * @param name its name
	 * @return its first value, empty if there is none
	 */
	public String header(String name) {
		return this.headers.getOrDefault(name, List.of("")).get(0);
	}

}
