package dev.weir.testing;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A client on one kept connection that sends exactly the bytes a test wants sent, also
 * those that a well-behaved client refuses to send.
 */
public final class SocketClient implements AutoCloseable {

	private static final int TIMEOUT_MILLIS = 20_000;

	private final Socket socket;

	private SocketClient(int port) throws IOException {
		this.socket = new Socket(InetAddress.getLoopbackAddress(), port);
		this.socket.setTcpNoDelay(true);
		this.socket.setSoTimeout(TIMEOUT_MILLIS);
	}

	/**
	 * Connects to a server on this machine.
	 * @param port its port
	 * @return the connected client
	 */
	public static SocketClient connect(int port) {
		try {
			return new SocketClient(port);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Sends one request on a connection of its own.
	 * @param port the server's port
	 * @param requestLine method and target, without the version
	 * @param body the body, possibly empty
	 * @param headers header lines but {@code Host} and {@code Content-Length}
	 * @return the response
	 */
	public static Response call(int port, String requestLine, byte[] body, String... headers) {
		try (SocketClient client = connect(port)) {
			return client.send(requestLine, body, headers);
		}
	}

	/**
	 * Sends a request with its length, which an empty one does not have.
	 * @param requestLine method and target, without the version
	 * @param body the body, possibly empty
	 * @param headers header lines but {@code Host} and {@code Content-Length}
	 * @return the response
	 */
	public Response send(String requestLine, byte[] body, String... headers) {
		List<String> lines = new ArrayList<>(List.of(headers));
		if (body.length > 0) {
			lines.add("Content-Length: " + body.length);
		}
		write(head(requestLine, lines.toArray(String[]::new)));
		write(body);
		return read(requestLine.startsWith("HEAD "));
	}

	/**
	 * Sends a request in chunks, without saying how long it is.
	 * @param requestLine method and target, without the version
	 * @param body the body
	 * @param chunkSize the most bytes of a chunk
	 * @param headers header lines but {@code Host} and {@code Transfer-Encoding}
	 * @return the response
	 */
	public Response sendChunked(String requestLine, byte[] body, int chunkSize, String... headers) {
		List<String> lines = new ArrayList<>(List.of(headers));
		lines.add("Transfer-Encoding: chunked");
		write(head(requestLine, lines.toArray(String[]::new)));
		for (int at = 0; at < body.length; at += chunkSize) {
			int size = Math.min(chunkSize, body.length - at);
			write(Integer.toHexString(size) + "\r\n");
			write(java.util.Arrays.copyOfRange(body, at, at + size));
			write("\r\n");
		}
		write("0\r\n\r\n");
		return read(false);
	}

	/**
	 * Writes a request's head.
	 * @param requestLine method and target, without the version
	 * @param headers header lines but {@code Host}
	 * @return the head with the blank line at its end
	 */
	public static String head(String requestLine, String... headers) {
		StringBuilder head = new StringBuilder(requestLine + " HTTP/1.1\r\nHost: weir.test\r\n");
		for (String header : headers) {
			head.append(header).append("\r\n");
		}
		return head.append("\r\n").toString();
	}

	public void write(String text) {
		write(text.getBytes(StandardCharsets.UTF_8));
	}

	public void write(byte[] bytes) {
		try {
			this.socket.getOutputStream().write(bytes);
			this.socket.getOutputStream().flush();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Reads a response to its end.
	 * @param head whether it answers HEAD, so that there is no body whatever its headers
	 * say
	 * @return the response
	 */
	public Response read(boolean head) {
		try {
			InputStream in = this.socket.getInputStream();
			String status = line(in);
			Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
			for (String line = line(in); !line.isEmpty(); line = line(in)) {
				int colon = line.indexOf(':');
				headers.computeIfAbsent(line.substring(0, colon), (name) -> new ArrayList<>())
					.add(line.substring(colon + 1).strip());
			}
			int code = Integer.parseInt(status.split(" ")[1]);
			return new Response(code, headers, (head || code < 200) ? new byte[0] : body(in, headers));
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
		for (int size = size(in); size > 0; size = size(in)) {
			body.write(in.readNBytes(size));
			line(in);
		}
		line(in);
		return body.toByteArray();
	}

	private static int size(InputStream in) throws IOException {
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

	@Override
	public void close() {
		try {
			this.socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * A response.
	 *
	 * @param status the status code
	 * @param headers the values by name, in any case
	 * @param body the body, without chunking
	 */
	public record Response(int status, Map<String, List<String>> headers, byte[] body) {

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

}
