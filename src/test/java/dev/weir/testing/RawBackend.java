package dev.weir.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ssl.SSLContext;

/**
 * A backend on a raw socket that runs a script for each request: for all that a backend
 * may do wrong, for timing, and for the number of its connections. It records requests as
 * text. A script runs when the head has arrived, and the body if its length is known; of
 * a chunked body it sees nothing. If a test is about the request that a backend gets,
 * {@link MockBackend} parses it.
 *
 * @see Scripts
 */
public final class RawBackend implements AutoCloseable {

	/** CR LF CR LF. */
	private static final int BLANK_LINE = 0x0d0a0d0a;

	private static final int BACKLOG = 200;

	private final ServerSocket server;

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final AtomicInteger connections = new AtomicInteger();

	private final List<String> requests = new CopyOnWriteArrayList<>();

	private final List<Socket> open = new CopyOnWriteArrayList<>();

	private volatile Script script;

	private final String scheme;

	private RawBackend(ServerSocket server, String scheme, Script script) {
		this.server = server;
		this.scheme = scheme;
		this.script = script;
		this.threads.execute(this::accept);
	}

	/**
	 * Starts a backend.
	 * @param script the script to run for each request
	 * @return the backend
	 */
	public static RawBackend start(Script script) {
		return startAt("127.0.0.1", 0, script);
	}

	/**
	 * Starts a backend at a certain address.
	 * @param address the loopback address
	 * @param port the port, 0 for any
	 * @param script the script to run for each request
	 * @return the backend
	 */
	public static RawBackend startAt(String address, int port, Script script) {
		try {
			return new RawBackend(new ServerSocket(port, BACKLOG, InetAddress.getByName(address)), "http", script);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Starts a backend that speaks TLS.
	 * @param identity its key and certificate
	 * @param script the script to run for each request
	 * @return the backend
	 */
	public static RawBackend startSecure(SSLContext identity, Script script) {
		try {
			return new RawBackend(identity.getServerSocketFactory()
				.createServerSocket(0, BACKLOG, InetAddress.getByName("127.0.0.1")), "https", script);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	public void script(Script script) {
		this.script = script;
	}

	public URI url() {
		return url(this.server.getInetAddress().getHostAddress());
	}

	/**
	 * Its URL with another host name.
	 * @param host the name, which must resolve to its address
	 * @return the URL
	 */
	public URI url(String host) {
		return URI.create(this.scheme + "://" + host + ":" + this.server.getLocalPort());
	}

	/**
	 * The number of connections accepted so far.
	 * @return the number
	 */
	public int connections() {
		return this.connections.get();
	}

	/**
	 * The requests so far, each with its head and body as text.
	 * @return the requests
	 */
	public List<String> requests() {
		return this.requests;
	}

	private void accept() {
		while (!this.server.isClosed()) {
			try {
				Socket socket = this.server.accept();
				socket.setTcpNoDelay(true);
				this.connections.incrementAndGet();
				this.open.add(socket);
				this.threads.execute(() -> serve(socket));
			}
			catch (IOException ex) {
				return;
			}
		}
	}

	private void serve(Socket socket) {
		try (socket) {
			InputStream in = new BufferedInputStream(socket.getInputStream());
			while (!socket.isClosed()) {
				String request = read(in);
				if (request.isEmpty()) {
					return;
				}
				this.requests.add(request);
				this.script.run(new Call(socket, request));
			}
		}
		catch (IOException ex) {
			// expected: the peer or the script closed the socket
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static String read(InputStream in) throws IOException {
		ByteArrayOutputStream head = new ByteArrayOutputStream();
		for (int last = 0; last != BLANK_LINE;) {
			int next = in.read();
			if (next < 0) {
				return "";
			}
			head.write(next);
			last = last << 8 | next;
		}
		String text = head.toString(StandardCharsets.ISO_8859_1);
		int length = text.lines()
			.map((line) -> line.toLowerCase(Locale.ROOT))
			.filter((line) -> line.startsWith("content-length:"))
			.mapToInt((line) -> Integer.parseInt(line.substring("content-length:".length()).trim()))
			.findFirst()
			.orElse(0);
		return text + new String(in.readNBytes(length), StandardCharsets.UTF_8);
	}

	@Override
	public void close() {
		try {
			this.server.close();
			for (Socket socket : this.open) {
				socket.close();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		finally {
			this.threads.shutdownNow();
		}
	}

	/**
	 * The behaviour of the backend for one request.
	 */
	@FunctionalInterface
	public interface Script {

		void run(Call call) throws IOException, InterruptedException;

	}

	/**
	 * One request and the connection it came on.
	 *
	 * @param socket the connection
	 * @param request head and body as text
	 */
	public record Call(Socket socket, String request) {

		/**
		 * Writes text as it is and flushes it.
		 * @param text the bytes, in UTF-8
		 * @throws IOException if the peer is gone
		 */
		public void write(String text) throws IOException {
			OutputStream out = this.socket.getOutputStream();
			out.write(text.getBytes(StandardCharsets.UTF_8));
			out.flush();
		}

		/**
		 * Writes a chunk of a chunked body.
		 * @param text the chunk
		 * @throws IOException if the peer is gone
		 */
		public void chunk(String text) throws IOException {
			write(Integer.toHexString(text.getBytes(StandardCharsets.UTF_8).length) + "\r\n" + text + "\r\n");
		}

		/**
		 * Ends a chunked body.
		 * @throws IOException if the peer is gone
		 */
		public void endChunks() throws IOException {
			write(RawClient.LAST_CHUNK);
		}

		public void respond(String status, String body, String... headers) throws IOException {
			write(head(status, headers) + "content-length: " + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n"
					+ body);
		}

		/**
		 * Begins a stream of events.
		 * @throws IOException if the peer is gone
		 */
		public void beginEvents() throws IOException {
			write(head("200 OK", "content-type: text/event-stream", "transfer-encoding: chunked") + "\r\n");
		}

		private static String head(String status, String... headers) {
			StringBuilder head = new StringBuilder("HTTP/1.1 " + status + "\r\n");
			boolean typed = false;
			for (String header : headers) {
				head.append(header).append("\r\n");
				typed |= header.toLowerCase(Locale.ROOT).startsWith("content-type:");
			}
			return head.append(typed ? "" : "content-type: application/json\r\n").toString();
		}

		/**
		 * Closes the connection with a TCP reset.
		 * @throws IOException if that fails
		 */
		public void reset() throws IOException {
			this.socket.setSoLinger(true, 0);
			this.socket.close();
		}

		/**
		 * Waits until the peer closes the connection.
		 * @throws IOException if it breaks instead
		 */
		public void awaitClose() throws IOException {
			while (this.socket.getInputStream().read() >= 0) {
				// discard the received bytes
			}
		}

		/**
		 * Waits until the peer closes the connection.
		 * @param closed is sent then
		 * @throws IOException if it breaks instead
		 */
		public void awaitClose(Signal closed) throws IOException {
			try {
				awaitClose();
			}
			finally {
				closed.send();
			}
		}

	}

}
