package dev.weir.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

import dev.weir.testing.Bodies;

/**
 * A backend that records the bytes of every request, complete or not, and how its
 * connection ended. It responds to complete requests only. For tests of what leaves Weir
 * when a client breaks off, which the other backends do not record.
 */
final class RecordingBackend implements AutoCloseable {

	private final ServerSocket server;

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final List<Received> received = new CopyOnWriteArrayList<>();

	private RecordingBackend(ServerSocket server) {
		this.server = server;
		this.threads.execute(this::accept);
	}

	static RecordingBackend start() {
		try {
			return new RecordingBackend(new ServerSocket(0, 100, InetAddress.getLoopbackAddress()));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	URI url() {
		return URI.create("http://127.0.0.1:" + this.server.getLocalPort());
	}

	/**
	 * Returns all requests of which a byte has arrived, in the order of their first
	 * bytes.
	 * @return the live list of requests
	 */
	List<Received> received() {
		return this.received;
	}

	private void accept() {
		while (!this.server.isClosed()) {
			try {
				Socket socket = this.server.accept();
				this.threads.execute(() -> serve(socket));
			}
			catch (IOException ex) {
				return;
			}
		}
	}

	private void serve(Socket socket) {
		Received request = null;
		try (socket) {
			InputStream in = socket.getInputStream();
			byte[] bytes = new byte[65536];
			for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
				if (request == null) {
					request = new Received();
					this.received.add(request);
				}
				request.add(bytes, count);
				if (request.isComplete()) {
					socket.getOutputStream()
						.write(("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
								+ Bodies.COMPLETION.length() + "\r\n\r\n" + Bodies.COMPLETION)
							.getBytes(StandardCharsets.UTF_8));
					request = null;
				}
			}
		}
		catch (SocketException ex) {
			// expected: Weir resets the connection
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		finally {
			if (request != null) {
				request.ended = true;
			}
		}
	}

	@Override
	public void close() {
		try {
			this.server.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		finally {
			this.threads.shutdownNow();
		}
	}

	/** The received bytes of one request. */
	static final class Received {

		private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

		private volatile boolean ended;

		synchronized void add(byte[] more, int count) {
			this.bytes.write(more, 0, count);
		}

		synchronized String text() {
			return this.bytes.toString(StandardCharsets.ISO_8859_1);
		}

		/**
		 * Whether the connection ended before the request was complete.
		 * @return whether the request is truncated
		 */
		boolean isTruncated() {
			return this.ended && !isComplete();
		}

		boolean isComplete() {
			String text = text();
			int body = text.indexOf("\r\n\r\n") + 4;
			if (body < 4) {
				return false;
			}
			String head = text.substring(0, body).toLowerCase(Locale.ROOT);
			int length = head.indexOf("content-length: ");
			if (length >= 0) {
				int value = Integer.parseInt(head.substring(length + 16, head.indexOf('\r', length)));
				return text.length() - body >= value;
			}
			return !head.contains("transfer-encoding: chunked") || text.endsWith("\r\n0\r\n\r\n")
					|| text.substring(body).equals("0\r\n\r\n");
		}

	}

}
