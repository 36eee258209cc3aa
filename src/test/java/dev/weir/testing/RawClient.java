package dev.weir.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A client on one connection that sends exactly the bytes of a test, invalid HTTP
 * included, and shows the bytes it received and how the connection ended. It reads
 * replies as text, or parsed with {@link #readReply()}.
 */
public final class RawClient implements AutoCloseable {

	/** The end of a chunked body. */
	public static final String LAST_CHUNK = "0\r\n\r\n";

	private static final int READ = 16 * 1024;

	private final Socket socket;

	private byte[] received = new byte[READ];

	private int count;

	// the first byte that readReply() has not read
	private int position;

	private RawClient(int port, int receiveBuffer) throws IOException {
		this.socket = RawSocket.connect(port, receiveBuffer);
	}

	/**
	 * Connects to Weir.
	 * @param weir the running Weir
	 * @return the connected client
	 */
	public static RawClient of(WeirServer weir) {
		return connect(weir.port());
	}

	/**
	 * Connects to a server on this machine.
	 * @param port its port
	 * @return the connected client
	 */
	public static RawClient connect(int port) {
		return connect(port, 0);
	}

	/**
	 * Connects to Weir with a receive buffer of a certain size.
	 * @param weir the running Weir
	 * @param bytes the size, 0 for the system's default
	 * @return the connected client
	 */
	public static RawClient withReceiveBuffer(WeirServer weir, int bytes) {
		return connect(weir.port(), bytes);
	}

	private static RawClient connect(int port, int receiveBuffer) {
		try {
			return new RawClient(port, receiveBuffer);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Sends one request on a new connection.
	 * @param port the server's port
	 * @param requestLine method and target, without the version
	 * @param body the body, possibly empty
	 * @param headers header lines without {@code Host} and {@code Content-Length}
	 * @return the reply
	 */
	public static RawReply exchange(int port, String requestLine, byte[] body, String... headers) {
		try (RawClient client = connect(port)) {
			return client.send(requestLine, body, headers);
		}
	}

	/**
	 * Writes a request's head.
	 * @param requestLine method and target, without the version
	 * @param headers header lines without {@code Host}
	 * @return the head with the blank line at its end
	 */
	public static String head(String requestLine, String... headers) {
		StringBuilder head = new StringBuilder(requestLine + " HTTP/1.1\r\nHost: weir.test\r\n");
		for (String header : headers) {
			head.append(header).append("\r\n");
		}
		return head.append("\r\n").toString();
	}

	/**
	 * Sends a request with its length, or without a body, and reads the reply.
	 * @param requestLine method and target, without the version
	 * @param body the body, possibly empty
	 * @param headers header lines without {@code Host} and {@code Content-Length}
	 * @return the reply
	 */
	public RawReply send(String requestLine, byte[] body, String... headers) {
		List<String> lines = new ArrayList<>(List.of(headers));
		if (body.length > 0) {
			lines.add("Content-Length: " + body.length);
		}
		write(head(requestLine, lines.toArray(String[]::new)));
		write(body);
		return requestLine.startsWith("HEAD ") ? readReplyToHead() : readReply();
	}

	/**
	 * Sends a request in chunks, without a length, and reads the reply.
	 * @param requestLine method and target, without the version
	 * @param body the body
	 * @param chunkSize the size of all chunks but the last
	 * @param headers header lines without {@code Host} and {@code Transfer-Encoding}
	 * @return the reply
	 */
	public RawReply sendChunked(String requestLine, byte[] body, int chunkSize, String... headers) {
		List<String> lines = new ArrayList<>(List.of(headers));
		lines.add("Transfer-Encoding: chunked");
		write(head(requestLine, lines.toArray(String[]::new)));
		for (int at = 0; at < body.length; at += chunkSize) {
			int size = Math.min(chunkSize, body.length - at);
			write(Integer.toHexString(size) + "\r\n");
			write(Arrays.copyOfRange(body, at, at + size));
			write("\r\n");
		}
		write("0\r\n\r\n");
		return readReply();
	}

	/**
	 * Sends a POST request with a JSON body and does not wait for the reply.
	 * @param target the path and query
	 * @param body the body
	 * @param headers header lines
	 * @return this
	 */
	public RawClient post(String target, String body, String... headers) {
		List<String> lines = new ArrayList<>(List.of(headers));
		lines.add("Content-Type: application/json");
		lines.add("Content-Length: " + body.getBytes(StandardCharsets.UTF_8).length);
		return write(head("POST " + target, lines.toArray(String[]::new)) + body);
	}

	/**
	 * Sends text.
	 * @param text the bytes, in UTF-8
	 * @return this
	 */
	public RawClient write(String text) {
		return write(text.getBytes(StandardCharsets.UTF_8));
	}

	/**
	 * Sends bytes.
	 * @param bytes the bytes
	 * @return this
	 */
	public RawClient write(byte[] bytes) {
		try {
			this.socket.getOutputStream().write(bytes);
			this.socket.getOutputStream().flush();
			return this;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Reads and parses the next reply on the connection.
	 * @return the reply
	 */
	public RawReply readReply() {
		return RawReply.read(new Unread(), false);
	}

	/**
	 * Reads and parses the reply to a HEAD request, which has no body whatever its
	 * headers are.
	 * @return the reply
	 */
	public RawReply readReplyToHead() {
		return RawReply.read(new Unread(), true);
	}

	/**
	 * Reads until a text has been received.
	 * @param text the text
	 * @return everything received so far, each byte as a character
	 */
	public String readUntil(String text) {
		while (!received().contains(text)) {
			if (!readMore()) {
				throw new AssertionError("The connection ended before '" + text + "': " + received());
			}
		}
		return received();
	}

	/**
	 * Reads until the connection ends, by FIN or by RST.
	 * @return everything received, each byte as a character
	 */
	public String readToEnd() {
		while (readMore()) {
			// until there is no more
		}
		return received();
	}

	/**
	 * Reads a long chunked reply to its end without keeping it.
	 * @return the number of bytes received
	 */
	public long countToTheLastChunk() {
		long discarded = 0;
		while (!received().endsWith("\r\n0\r\n\r\n")) {
			// the last chunk may arrive in two pieces
			int kept = Math.min(this.count, LAST_CHUNK.length() + 1);
			discarded += this.count - kept;
			System.arraycopy(this.received, this.count - kept, this.received, 0, kept);
			this.count = kept;
			if (!readMore()) {
				throw new AssertionError("The connection ended after " + discarded + " bytes");
			}
		}
		return discarded + this.count;
	}

	/**
	 * Everything received so far.
	 * @return each byte as a character
	 */
	public String received() {
		return new String(this.received, 0, this.count, StandardCharsets.ISO_8859_1);
	}

	private boolean readMore() {
		if (this.count == this.received.length) {
			this.received = Arrays.copyOf(this.received, 2 * this.count);
		}
		try {
			int more = this.socket.getInputStream().read(this.received, this.count, this.received.length - this.count);
			this.count += Math.max(more, 0);
			return more >= 0;
		}
		catch (SocketTimeoutException ex) {
			throw new AssertionError("No byte received for " + RawSocket.TIMEOUT_MILLIS + " ms after: " + received(),
					ex);
		}
		catch (SocketException ex) {
			// a reset
			return false;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Ends the connection with a TCP reset.
	 */
	public void reset() {
		RawSocket.reset(this.socket);
	}

	@Override
	public void close() {
		RawSocket.close(this.socket);
	}

	/** The received bytes that no reply was read from. */
	private final class Unread extends InputStream {

		@Override
		public int read() {
			RawClient client = RawClient.this;
			if (client.position == client.count && !readMore()) {
				return -1;
			}
			return client.received[client.position++] & 0xff;
		}

	}

}
