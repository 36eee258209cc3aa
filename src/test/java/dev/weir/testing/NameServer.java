package dev.weir.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A DNS server on a UDP socket (RFC 1035, section 4) with configured addresses. It
 * reports other names as not existing and records the queries.
 */
public final class NameServer implements AutoCloseable {

	private static final int HEADER = 12;

	private static final int TYPE_A = 1;

	private static final short TYPE_CNAME = 5;

	private static final int CLASS_IN = 1;

	private static final int RESPONSE = 0x8180;

	private static final int NO_SUCH_NAME = 0x8183;

	private final DatagramSocket socket;

	private final Map<String, Address> addresses = new ConcurrentHashMap<>();

	private final Map<String, String> aliases = new ConcurrentHashMap<>();

	private final List<String> questions = new CopyOnWriteArrayList<>();

	private NameServer() throws IOException {
		this.socket = new DatagramSocket(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
		Thread thread = new Thread(this::serve, "name-server");
		thread.setDaemon(true);
		thread.start();
	}

	public static NameServer start() {
		try {
			return new NameServer();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Sets the address of a name.
	 * @param name the name
	 * @param address the IPv4 address, as four numbers
	 * @param seconds the time to live
	 */
	public void setAddress(String name, String address, int seconds) {
		this.addresses.put(name, new Address(address, seconds));
	}

	/**
	 * Makes a name an alias of another name, whose address is then part of the response.
	 * @param name the alias
	 * @param target the other name
	 */
	public void setAlias(String name, String target) {
		this.aliases.put(name, target);
	}

	public InetSocketAddress address() {
		return (InetSocketAddress) this.socket.getLocalSocketAddress();
	}

	/**
	 * The names whose IPv4 address was asked for, one for each question.
	 * @return the names
	 */
	public List<String> questions() {
		return this.questions;
	}

	private void serve() {
		byte[] bytes = new byte[512];
		while (!this.socket.isClosed()) {
			try {
				DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
				this.socket.receive(packet);
				byte[] response = response(ByteBuffer.wrap(bytes, 0, packet.getLength()));
				this.socket.send(new DatagramPacket(response, response.length, packet.getSocketAddress()));
			}
			catch (IOException ex) {
				return;
			}
		}
	}

	private byte[] response(ByteBuffer query) throws IOException {
		short id = query.getShort(0);
		query.position(HEADER);
		String name = name(query);
		short type = query.getShort();
		query.getShort();
		byte[] question = new byte[query.position() - HEADER];
		query.get(HEADER, question);
		String target = this.aliases.get(name);
		Address address = this.addresses.get((target != null) ? target : name);
		if (type == TYPE_A) {
			this.questions.add(name);
		}
		boolean known = type == TYPE_A && address != null;
		ByteBuffer response = ByteBuffer.allocate(512);
		response.putShort(id).putShort((short) ((address != null) ? RESPONSE : NO_SUCH_NAME));
		response.putShort((short) 1).putShort((short) (!known ? 0 : (target != null) ? 2 : 1)).putInt(0).put(question);
		// a pointer to the name in the question
		int owner = 0xc000 | HEADER;
		if (known && target != null) {
			byte[] encoded = encode(target);
			response.putShort((short) owner).putShort(TYPE_CNAME).putShort((short) CLASS_IN).putInt(address.seconds());
			response.putShort((short) encoded.length);
			owner = 0xc000 | response.position();
			response.put(encoded);
		}
		if (known) {
			response.putShort((short) owner).putShort((short) TYPE_A).putShort((short) CLASS_IN);
			response.putInt(address.seconds()).putShort((short) 4);
			response.put(InetAddress.getByName(address.value()).getAddress());
		}
		byte[] bytes = new byte[response.flip().remaining()];
		response.get(bytes);
		return bytes;
	}

	private static byte[] encode(String name) {
		ByteBuffer encoded = ByteBuffer.allocate(name.length() + 2);
		for (String label : name.split("\\.")) {
			encoded.put((byte) label.length()).put(label.getBytes(StandardCharsets.US_ASCII));
		}
		return encoded.put((byte) 0).array();
	}

	private static String name(ByteBuffer query) {
		StringBuilder name = new StringBuilder();
		for (int length = query.get(); length > 0; length = query.get()) {
			byte[] label = new byte[length];
			query.get(label);
			name.append(name.isEmpty() ? "" : ".").append(new String(label, StandardCharsets.US_ASCII));
		}
		return name.toString();
	}

	@Override
	public void close() {
		this.socket.close();
	}

	private record Address(String value, int seconds) {
	}

}
