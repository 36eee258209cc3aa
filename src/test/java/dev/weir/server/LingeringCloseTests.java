package dev.weir.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A reply that is sent before the body was read arrives, and the remaining body is read
 * within limits (RFC 9112, section 9.6).
 */
class LingeringCloseTests {

	private static final int LARGE = 8 * 1024 * 1024;

	private static RawBackend backend;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		backend = RawBackend.start((call) -> {
			call.respond("429 Too Many Requests", "{\"error\":{\"message\":\"slow down\"}}", "retry-after: 1");
			call.awaitClose();
		});
		weir = WeirServer.start("weir:\n  max-body: 64KB\n  pools:\n    openai: {backends: ["
				+ WeirServer.backend("a", backend.url(), "models: {gpt-4o: gpt-4o}") + "]}\n");
	}

	@AfterAll
	static void stop() throws InterruptedException {
		weir.close();
		backend.close();
	}

	@ParameterizedTest
	@CsvSource({ "POST /v1/chat/completions, 413, true", "POST /v1/chat/completions, 413, false",
			"POST /nowhere, 404, true", "POST /nowhere, 404, false", "POST /v1/a%5Cb, 400, true",
			"POST /v1/a|b, 400, true", "TRACE /v1/files, 405, true", "POST /v1/files, 429, true" })
	void aReplyBeforeTheEndOfTheBodyArrivesBeforeTheConnectionIsClosed(String line, int status, boolean chunked)
			throws IOException {
		try (Socket socket = connect()) {
			write(socket, line + " HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n"
					+ (chunked ? "transfer-encoding: chunked" : "content-length: " + LARGE) + "\r\n\r\n");
			if (chunked) {
				write(socket, Integer.toHexString(LARGE) + "\r\n");
			}
			byte[] part = new byte[64 * 1024];
			Arrays.fill(part, (byte) 'x');
			for (int sent = 0; sent < LARGE; sent += part.length) {
				socket.getOutputStream().write(part);
			}
			write(socket, chunked ? "\r\n0\r\n\r\n" : "");
			String reply = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
			assertThat(reply).startsWith("HTTP/1.1 " + status + " ").contains("connection: close").endsWith("}}");
		}
	}

	@Test
	void aLargeDeclaredLengthClosesAPersistentConnection() throws IOException {
		try (Socket socket = connect()) {
			write(socket, "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\ncontent-length: 1000000000\r\n\r\nx");
			String reply = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
			assertThat(reply).startsWith("HTTP/1.1 413 ").contains("connection: close");
		}
	}

	@Test
	void anEndlessBodyIsReadUpToALimit() throws IOException {
		try (Socket socket = connect()) {
			write(socket, "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n"
					+ "content-length: 1000000000000\r\n\r\n");
			byte[] part = new byte[1024 * 1024];
			long sent = 0;
			try {
				for (; sent < 10 * LingeringClose.MAX_BYTES; sent += part.length) {
					socket.getOutputStream().write(part);
				}
			}
			catch (SocketException ex) {
				// closed at the limit
			}
			assertThat(sent).isGreaterThanOrEqualTo(LingeringClose.MAX_BYTES).isLessThan(2 * LingeringClose.MAX_BYTES);
		}
	}

	@Tag("soak")
	@Test
	void theConnectionOfAClientThatNeitherSendsNorClosesIsClosedAfterSomeSeconds() throws Exception {
		try (Socket socket = connect()) {
			write(socket, "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n"
					+ "content-length: 1000000\r\n\r\n");
			assertThat(socket.getInputStream().readAllBytes()).isNotEmpty();
			boolean cut = false;
			for (int i = 0; i < 3 * LingeringClose.CHECK_SECONDS && !cut; i++) {
				Thread.sleep(1000);
				cut = i >= 2 * LingeringClose.CHECK_SECONDS && isReset(socket);
			}
			assertThat(cut).isTrue();
		}
	}

	/**
	 * Whether Weir resets the connection when something is written.
	 */
	private static boolean isReset(Socket socket) {
		try {
			socket.getOutputStream().write('x');
			return false;
		}
		catch (IOException ex) {
			return true;
		}
	}

	private static Socket connect() throws IOException {
		Socket socket = new Socket(InetAddress.getLoopbackAddress(), weir.port());
		socket.setSoTimeout(15_000);
		return socket;
	}

	private static void write(Socket socket, String text) throws IOException {
		socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
		socket.getOutputStream().flush();
	}

}
