package dev.weir.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;

/**
 * A port that refuses every connection. It is held, though nothing listens at it:
 * otherwise the system may give it to the next who asks for any, such as the server under
 * test, which would then call itself.
 */
public final class ClosedPort implements AutoCloseable {

	private final Socket holder = new Socket();

	private ClosedPort() throws IOException {
		this.holder.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
	}

	public static ClosedPort hold() {
		try {
			return new ClosedPort();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	public URI url() {
		return URI.create("http://127.0.0.1:" + this.holder.getLocalPort());
	}

	@Override
	public void close() {
		try {
			this.holder.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
