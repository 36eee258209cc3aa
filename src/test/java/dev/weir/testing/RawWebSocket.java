package dev.weir.testing;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * One end of a WebSocket on a raw socket, for clients and for backends: it sends exactly
 * the frames of a test, invalid ones included, and reads frames as they come.
 */
public final class RawWebSocket implements AutoCloseable {

	public static final int CONTINUATION = 0;

	public static final int TEXT = 1;

	public static final int BINARY = 2;

	public static final int CLOSE = 8;

	public static final int PING = 9;

	public static final int PONG = 10;

	private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

	private final Socket socket;

	private final InputStream in;

	private final OutputStream out;

	private final boolean client;

	private final RawReply reply;

	private RawWebSocket(Socket socket, InputStream in, boolean client, RawReply reply) throws IOException {
		this.socket = socket;
		this.in = in;
		this.out = socket.getOutputStream();
		this.client = client;
		this.reply = reply;
	}

	/**
	 * Opens a WebSocket on Weir.
	 * @param weir the running Weir
	 * @param target the path and query
	 * @param headers further header lines of the handshake
	 * @return the client's end; {@link #reply()} has the status
	 */
	public static RawWebSocket connect(WeirServer weir, String target, String... headers) {
		return connect(weir.port(), 0, target, headers);
	}

	/**
	 * Opens a WebSocket.
	 * @param port the port of the server
	 * @param receiveBuffer the size of the client's receive buffer, 0 for the default
	 * @param target the path and query
	 * @param headers further header lines of the handshake
	 * @return the client's end; {@link #reply()} has the status
	 */
	public static RawWebSocket connect(int port, int receiveBuffer, String target, String... headers) {
		try {
			Socket socket = RawSocket.connect(port, receiveBuffer);
			List<String> lines = new ArrayList<>(List.of("Connection: Upgrade", "Upgrade: websocket",
					"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + KEY));
			lines.addAll(List.of(headers));
			socket.getOutputStream()
				.write(RawClient.head("GET " + target, lines.toArray(String[]::new)).getBytes(StandardCharsets.UTF_8));
			InputStream in = socket.getInputStream();
			return new RawWebSocket(socket, in, true, RawReply.read(in, false));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Accepts the handshake of a request to a backend.
	 * @param call the request
	 * @param headers further header lines of the response
	 * @return the backend's end
	 * @throws IOException if the peer is gone
	 */
	public static RawWebSocket accept(RawBackend.Call call, String... headers) throws IOException {
		StringBuilder head = new StringBuilder("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
				+ "connection: Upgrade\r\nsec-websocket-accept: "
				+ acceptKey(header(call.request(), "sec-websocket-key")) + "\r\n");
		for (String header : headers) {
			head.append(header).append("\r\n");
		}
		call.write(head.append("\r\n").toString());
		return new RawWebSocket(call.socket(), call.socket().getInputStream(), false,
				new RawReply(101, Map.of(), new byte[0]));
	}

	/**
	 * The value of a header of a request.
	 * @param request the head of the request
	 * @param name the name of the header, in lower case
	 * @return the value, or an empty text
	 */
	public static String header(String request, String name) {
		return request.lines()
			.filter((line) -> line.toLowerCase(Locale.ROOT).startsWith(name + ":"))
			.map((line) -> line.substring(name.length() + 1).strip())
			.findFirst()
			.orElse("");
	}

	/**
	 * The accept key of a handshake.
	 * @param key the key of the client
	 * @return the key of the server
	 */
	public static String acceptKey(String key) {
		try {
			byte[] hash = MessageDigest.getInstance("SHA-1")
				.digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII));
			return Base64.getEncoder().encodeToString(hash);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * The reply to the handshake of a client.
	 * @return the reply
	 */
	public RawReply reply() {
		return this.reply;
	}

	public RawWebSocket text(String text) {
		return frame(TEXT, true, text.getBytes(StandardCharsets.UTF_8));
	}

	public RawWebSocket close(int code, String reason) {
		byte[] text = reason.getBytes(StandardCharsets.UTF_8);
		return frame(CLOSE, true, ByteBuffer.allocate(2 + text.length).putShort((short) code).put(text).array());
	}

	/**
	 * Sends a frame.
	 * @param opcode the kind of frame
	 * @param last whether it ends its message
	 * @param payload the payload
	 * @return this
	 */
	public RawWebSocket frame(int opcode, boolean last, byte[] payload) {
		return raw(bytesOf(opcode, last, this.client, payload));
	}

	/**
	 * Writes a frame.
	 * @param opcode the kind of frame
	 * @param last whether it ends its message
	 * @param masked whether it is masked
	 * @param payload the payload
	 * @return its bytes
	 */
	public static byte[] bytesOf(int opcode, boolean last, boolean masked, byte[] payload) {
		ByteBuffer frame = ByteBuffer.allocate(payload.length + 14);
		frame.put((byte) ((last ? 0x80 : 0) | opcode));
		int maskBit = masked ? 0x80 : 0;
		if (payload.length < 126) {
			frame.put((byte) (maskBit | payload.length));
		}
		else if (payload.length < 65536) {
			frame.put((byte) (maskBit | 126)).putShort((short) payload.length);
		}
		else {
			frame.put((byte) (maskBit | 127)).putLong(payload.length);
		}
		if (masked) {
			byte[] mask = new byte[4];
			ThreadLocalRandom.current().nextBytes(mask);
			frame.put(mask);
			for (int i = 0; i < payload.length; i++) {
				frame.put((byte) (payload[i] ^ mask[i & 3]));
			}
		}
		else {
			frame.put(payload);
		}
		byte[] bytes = new byte[frame.position()];
		frame.flip().get(bytes);
		return bytes;
	}

	/**
	 * Sends bytes as they are.
	 * @param bytes the bytes
	 * @return this
	 */
	public RawWebSocket raw(byte[] bytes) {
		try {
			this.out.write(bytes);
			this.out.flush();
			return this;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Reads the next frame.
	 * @return the frame; one with the opcode -1 if the connection has ended
	 */
	public Frame next() {
		try {
			int first = this.in.read();
			if (first < 0) {
				return Frame.END;
			}
			int second = read();
			long length = second & 0x7F;
			int more = (length == 126) ? 2 : (length == 127) ? 8 : 0;
			if (more > 0) {
				length = 0;
				for (int i = 0; i < more; i++) {
					length = length << 8 | read();
				}
			}
			boolean masked = (second & 0x80) != 0;
			byte[] mask = masked ? this.in.readNBytes(4) : new byte[4];
			byte[] payload = this.in.readNBytes(Math.toIntExact(length));
			if (payload.length < length) {
				throw new EOFException("The connection ended inside a frame");
			}
			for (int i = 0; i < payload.length; i++) {
				payload[i] ^= mask[i & 3];
			}
			return new Frame(first & 0x0F, (first & 0x80) != 0, masked, payload);
		}
		catch (SocketException ex) {
			return Frame.END;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private int read() throws IOException {
		int next = this.in.read();
		if (next < 0) {
			throw new EOFException("The connection ended inside a header");
		}
		return next;
	}

	/**
	 * Reads the next message, joined from its fragments, and responds to pings.
	 * @return its text
	 */
	public String nextText() {
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		while (true) {
			Frame frame = next();
			if (frame.opcode() == PING) {
				frame(PONG, true, frame.payload());
				continue;
			}
			if (frame.opcode() > BINARY || frame.opcode() < 0) {
				throw new AssertionError("Not a message: " + frame);
			}
			all.writeBytes(frame.payload());
			if (frame.last()) {
				return all.toString(StandardCharsets.UTF_8);
			}
		}
	}

	/**
	 * Reads to the end of the connection and responds to a close frame.
	 * @return the close frame, or the end if there was none
	 */
	public Frame awaitClose() {
		while (true) {
			Frame frame = next();
			if (frame.opcode() == CLOSE || frame.opcode() < 0) {
				return frame;
			}
		}
	}

	/**
	 * Sends every frame back, and closes like the peer.
	 * @throws IOException if the connection breaks
	 */
	public void echo() throws IOException {
		while (true) {
			Frame frame = next();
			if (frame.opcode() < 0) {
				return;
			}
			frame((frame.opcode() == PING) ? PONG : frame.opcode(), frame.last(), frame.payload());
			if (frame.opcode() == CLOSE) {
				this.socket.close();
				return;
			}
		}
	}

	/** Ends the connection with a TCP reset. */
	public void reset() {
		RawSocket.reset(this.socket);
	}

	@Override
	public void close() {
		RawSocket.close(this.socket);
	}

	/**
	 * A frame.
	 *
	 * @param opcode the kind of frame, -1 for the end of the connection
	 * @param last whether it ends its message
	 * @param masked whether it was masked
	 * @param payload the payload, unmasked
	 */
	public record Frame(int opcode, boolean last, boolean masked, byte[] payload) {

		static final Frame END = new Frame(-1, true, false, new byte[0]);

		public String text() {
			return new String(this.payload, StandardCharsets.UTF_8);
		}

		/**
		 * The code of a close frame.
		 * @return the code, -1 if this is none, 1005 if it has none
		 */
		public int code() {
			if (this.opcode != CLOSE) {
				return -1;
			}
			return (this.payload.length < 2) ? 1005 : ByteBuffer.wrap(this.payload).getShort() & 0xFFFF;
		}

		/**
		 * The text of a close frame.
		 * @return the text
		 */
		public String reason() {
			return (this.payload.length < 2) ? ""
					: new String(this.payload, 2, this.payload.length - 2, StandardCharsets.UTF_8);
		}

		@Override
		public String toString() {
			return "frame " + this.opcode + ((this.opcode == CLOSE) ? " " + code() + " " + reason() : " " + text());
		}

	}

}
