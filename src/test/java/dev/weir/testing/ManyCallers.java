package dev.weir.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Many clients with a connection each, on one thread and with little processor time, so
 * that a test measures the server and not itself. A client sends its next request when it
 * has the reply; after a 503 it waits for the time that Weir names, as SDKs do.
 */
public final class ManyCallers {

	private static final Pattern LENGTH = Pattern.compile("(?i)content-length: *(\\d+)");

	private static final Pattern DELAY = Pattern.compile("(?i)retry-after-ms: *(\\d+)");

	private final InetSocketAddress server;

	private final byte[] request;

	private final List<Reply> replies = new ArrayList<>();

	private final Queue<Caller> paused = new PriorityQueue<>((one, other) -> Long.signum(one.until - other.until));

	/**
	 * Creates clients that send POST requests.
	 * @param port the port of the server on this machine
	 * @param path the path of the requests
	 * @param json the body of the requests
	 */
	public ManyCallers(int port, String path, String json) {
		this.server = new InetSocketAddress("127.0.0.1", port);
		this.request = (RawClient.head("POST " + path, "content-type: application/json",
				"content-length: " + json.length()) + json)
			.getBytes(StandardCharsets.US_ASCII);
	}

	/**
	 * Sends requests for some time, and waits for their replies.
	 * @param count the number of clients, which connect at once
	 * @param time how long new requests are sent
	 * @param patience how long to wait for the replies to the last ones
	 * @return the replies
	 * @throws AssertionError if replies are missing after that time
	 */
	public List<Reply> call(int count, Duration time, Duration patience) {
		try (Selector selector = Selector.open()) {
			for (int i = 0; i < count; i++) {
				new Caller(selector);
			}
			long end = System.nanoTime() + time.toNanos();
			while (System.nanoTime() < end) {
				selector.select(this::handle, 10);
				while (!this.paused.isEmpty() && System.nanoTime() - this.paused.element().until >= 0) {
					this.paused.remove().send();
				}
			}
			long last = System.nanoTime() + patience.toNanos();
			selector.keys().forEach((key) -> ((Caller) key.attachment()).last = true);
			while (selector.keys().stream().anyMatch((key) -> ((Caller) key.attachment()).waiting)) {
				if (System.nanoTime() > last) {
					throw new AssertionError("Replies are missing after " + patience);
				}
				selector.select(this::handle, 10);
			}
			for (SelectionKey key : selector.keys()) {
				key.channel().close();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return this.replies;
	}

	private void handle(SelectionKey key) {
		((Caller) key.attachment()).onReady(key);
	}

	/**
	 * A reply.
	 *
	 * @param status its status
	 * @param nanos the time from the request, or for the first one from the connect, to
	 * its last byte
	 */
	public record Reply(int status, long nanos) {
	}

	/** One client. */
	private final class Caller {

		private final SocketChannel channel;

		private final ByteBuffer buffer = ByteBuffer.allocate(4096);

		private long since = System.nanoTime();

		/** When it sends again after a refusal. */
		private long until;

		private boolean waiting = true;

		private boolean last;

		Caller(Selector selector) throws IOException {
			this.channel = SocketChannel.open();
			this.channel.configureBlocking(false);
			this.channel.register(selector, SelectionKey.OP_CONNECT, this);
			this.channel.connect(ManyCallers.this.server);
		}

		void onReady(SelectionKey key) {
			try {
				if (key.isConnectable()) {
					this.channel.finishConnect();
					key.interestOps(SelectionKey.OP_READ);
					write();
				}
				else if (this.channel.read(this.buffer) < 0) {
					throw new IOException("Weir closed the connection");
				}
				else {
					read();
				}
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

		private void read() throws IOException {
			String text = new String(this.buffer.array(), 0, this.buffer.position(), StandardCharsets.ISO_8859_1);
			int head = text.indexOf("\r\n\r\n");
			Matcher length = LENGTH.matcher(text);
			if (head < 0 || !length.find() || text.length() < head + 4 + Integer.parseInt(length.group(1))) {
				return;
			}
			this.buffer.clear();
			this.waiting = false;
			int status = Integer.parseInt(text.substring(9, 12));
			long now = System.nanoTime();
			ManyCallers.this.replies.add(new Reply(status, now - this.since));
			this.since = now;
			if (status == 503) {
				Matcher delay = DELAY.matcher(text);
				if (!delay.find()) {
					throw new IOException("A refusal without a delay: " + text);
				}
				this.until = now + TimeUnit.MILLISECONDS.toNanos(Integer.parseInt(delay.group(1)));
				ManyCallers.this.paused.add(this);
			}
			else if (!this.last) {
				send();
			}
		}

		void send() {
			try {
				this.since = System.nanoTime();
				this.waiting = true;
				write();
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

		private void write() throws IOException {
			// small enough for the buffer of the operating system
			this.channel.write(ByteBuffer.wrap(ManyCallers.this.request));
		}

	}

}
