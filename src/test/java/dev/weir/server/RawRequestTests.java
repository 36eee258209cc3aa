package dev.weir.server;

import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LoggedOutput;
import dev.weir.testing.RawClient;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Raw requests: the reply, the end of the connection, and the request at the backend.
 */
class RawRequestTests {

	private static final String BODY = "\r\ncontent-type: application/json\r\ncontent-length: " + Bodies.CHAT.length()
			+ "\r\n\r\n" + Bodies.CHAT;

	private static final String CHAT = "POST /v1/chat/completions HTTP/1.1\r\nhost: weir.test" + BODY;

	private static final String CLOSING = CHAT.replace("\r\ncontent-length", "\r\nconnection: close\r\ncontent-length");

	private static final String MODELS = "GET /v1/models HTTP/1.1\r\nhost: weir.test\r\nconnection: close\r\n\r\n";

	private static RecordedWeir recorded;

	private static RecordingBackend backend;

	private static RecordingBackend plain;

	private static WeirServer weir;

	@BeforeAll
	static void startWeir() {
		recorded = RecordedWeir.start();
		backend = recorded.backend();
		plain = recorded.plain();
		weir = recorded.weir();
	}

	@AfterAll
	static void stopWeir() {
		recorded.close();
	}

	@BeforeEach
	void clearRecorded() {
		recorded.clear();
	}

	static Stream<Arguments> refused() {
		return Stream.of(
				// section 3 of RFC 9112: the request line
				refused(400, "tabs",
						CHAT.replace("POST /v1/chat/completions HTTP", "POST\t/v1/chat/completions\tHTTP")),
				refused(400, "a tab before the version", CHAT.replace(" HTTP/", "\tHTTP/")),
				refused(400, "a tab in the target", CHAT.replace("/chat/", "/ch\tat/")),
				refused(400, "bare CRs",
						CHAT.replace("POST /v1/chat/completions HTTP", "POST\r/v1/chat/completions\rHTTP")),
				refused(400, "a bare CR in the target", CHAT.replace("/chat/", "/ch\rat/")),
				refused(400, "a form feed", CHAT.replace("POST ", "POST\f")),
				refused(400, "a space at the beginning", " " + CHAT),
				refused(400, "a tab behind an empty line", "\r\n\t" + CHAT),
				refused(400, "two spaces", CHAT.replace("POST ", "POST  ")),
				refused(400, "a space at the end", CHAT.replace("HTTP/1.1\r\nhost", "HTTP/1.1 \r\nhost")),
				refused(400, "a bare LF", CHAT.replace("HTTP/1.1\r\n", "HTTP/1.1\n")),
				refused(400, "no version", "GET /v1/models\r\n\r\n"),
				refused(400, "small letters", CHAT.replace("HTTP/1.1", "http/1.1")),
				refused(400, "another protocol", CHAT.replace("HTTP/1.1", "ICAP/1.1")),
				refused(400, "two digits", CHAT.replace("HTTP/1.1", "HTTP/1.10")),
				refused(505, "HTTP/2", CHAT.replace("HTTP/1.1", "HTTP/2.0")),
				refused(505, "HTTP/3", CHAT.replace("HTTP/1.1", "HTTP/3.0")),
				refused(505, "HTTP/0.9", CHAT.replace("HTTP/1.1", "HTTP/0.9")),
				refused(505, "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
				refused(414, "a long target", CHAT.replace("completions", "c".repeat(5000))),
				// the target
				refused(400, "another authority", CHAT.replace("/v1/", "http://evil.test/v1/")),
				refused(400, "user information", CHAT.replace("/v1/", "http://weir.test@evil.test/v1/")),
				refused(400, "another scheme", CHAT.replace("/v1/", "file://weir.test/v1/")),
				refused(400, "no slash", CHAT.replace("/v1/", "v1/")),
				refused(400, "a fragment", CHAT.replace("completions ", "completions#x ")),
				refused(400, "a bad escape in the query", CHAT.replace("completions ", "completions?a=%zz ")),
				refused(400, "a brace in the query", CHAT.replace("completions ", "completions?a={b} ")),
				refused(400, "a control character", CHAT.replace("completions ", "completions?\u0001 ")),
				// Host
				refused(400, "no Host", CHAT.replace("host: weir.test\r\n", "")),
				refused(400, "two Hosts", CHAT.replace("host: weir.test", "host: weir.test\r\nHost: weir.test")),
				refused(400, "two different Hosts",
						CHAT.replace("host: weir.test", "host: weir.test\r\nhost: evil.test")),
				refused(400, "an empty Host", CHAT.replace("weir.test", "")),
				refused(400, "a list of hosts", CHAT.replace("weir.test", "weir.test, evil.test")),
				refused(400, "a Host with a path", CHAT.replace("weir.test", "weir.test/x")),
				refused(400, "a Host with a user", CHAT.replace("weir.test", "a@weir.test")),
				refused(400, "a Host with a bad port", CHAT.replace("weir.test", "weir.test:99999")),
				refused(400, "a Host with an empty port", CHAT.replace("weir.test", "weir.test:")),
				refused(400, "a Host with a port of letters", CHAT.replace("weir.test", "weir.test:http")),
				// framing
				refused(400, "two lengths", CHAT.replace("content-length: ", "content-length: 5\r\ncontent-length: ")),
				refused(400, "two lengths in HTTP/1.0",
						CHAT.replace("HTTP/1.1", "HTTP/1.0")
							.replace("content-length: ", "Content-Length: 5\r\ncontent-length: ")),
				refused(400, "a signed length", CHAT.replace("content-length: ", "content-length: +")),
				refused(400, "a length beside chunks", chunked("transfer-encoding: chunked\r\ncontent-length: 5")),
				refused(400, "chunked twice", chunked("transfer-encoding: chunked, chunked")),
				refused(400, "chunked in two headers",
						chunked("transfer-encoding: chunked\r\ntransfer-encoding: chunked")),
				refused(400, "chunked in quotes", chunked("transfer-encoding: \"chunked\"")),
				refused(400, "an empty coding", chunked("transfer-encoding:")),
				refused(400, "a control character in the coding", chunked("transfer-encoding: \u000bchunked")),
				refused(501, "gzip and chunked", chunked("transfer-encoding: gzip, chunked")),
				refused(501, "gzip and chunked in two headers",
						chunked("transfer-encoding: gzip\r\ntransfer-encoding: chunked")),
				refused(501, "gzip", chunked("transfer-encoding: gzip")),
				refused(501, "identity", chunked("transfer-encoding: identity")),
				refused(501, "an unknown coding", chunked("transfer-encoding: xchunked")),
				refused(400, "chunks in HTTP/1.0",
						chunked("transfer-encoding: chunked").replace("HTTP/1.1", "HTTP/1.0")),
				// names and values
				refused(400, "a space before the colon", CHAT.replace("content-length:", "content-length :")),
				refused(400, "a folded line", CHAT.replace("host:", "x-team: a\r\n b\r\nhost:")),
				refused(400, "a line folded with a tab", CHAT.replace("host:", "x-team: a\r\n\tb\r\nhost:")),
				refused(400, "a folded line without text", CHAT.replace("host:", "x-team: a\r\n \r\nhost:")),
				refused(400, "a folded length", CHAT.replace("content-length: ", "content-length:\r\n ")),
				refused(400, "white space before the headers", CHAT.replace("host:", " x-team: a\r\nhost:")),
				refused(400, "a header without a colon", CHAT.replace("host:", "nothing\r\nhost:")),
				refused(400, "a NUL in a value", CHAT.replace("host:", "x-team: a\u0000b\r\nhost:")),
				refused(400, "a bare CR in a value", CHAT.replace("host:", "x-team: a\rb\r\nhost:")),
				refused(400, "an underscore for a dash", CHAT.replace("host:", "Transfer_Encoding: chunked\r\nhost:")),
				refused(400, "a length with an underscore", CHAT.replace("host:", "content_length: 3\r\nhost:")),
				refused(431, "large headers", CHAT.replace("host:", "x-team: " + "a".repeat(17_000) + "\r\nhost:")));
	}

	private static Arguments refused(int status, String what, String request) {
		return Arguments.of(status, what, request);
	}

	private static String chunked(String framing) {
		return "POST /v1/chat/completions HTTP/1.1\r\nhost: weir.test\r\ncontent-type: application/json\r\n" + framing
				+ "\r\n\r\n" + Integer.toHexString(Bodies.CHAT.length()) + "\r\n" + Bodies.CHAT + "\r\n0\r\n\r\n";
	}

	@ParameterizedTest(name = "{0} {1}")
	@MethodSource("refused")
	void c14AnInvalidHeadIsRefused(int status, String what, String request) {
		String reply = exchange(request + MODELS);
		assertThat(reply).startsWith("HTTP/1.1 " + status + " ")
			.containsIgnoringCase("content-type: application/json")
			.contains("connection: close", "\"type\":\"invalid_request_error\"", "x-request-id: ",
					"x-weir-request-id: ");
		assertThat(reply.split("HTTP/1\\.1 \\d", -1)).as("one reply, because nothing after a refused head is read")
			.hasSize(2);
		assertThat(length(reply)).isEqualTo(reply.length() - reply.indexOf("\r\n\r\n") - 4);
		assertThat(backend.received()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "POST /v1/chat/completions", "POST http://weir.test/v1/chat/completions",
			"POST HTTP://WEIR.TEST/v1/chat/completions?a=b", "POST https://weir.test/v1/chat/completions",
			"\r\nPOST /v1/chat/completions", "POST /v1/chat/completions?include[]=a%20b&c=%2B" })
	void otherValidHeadsAreServed(String line) {
		assertServed(CLOSING.replace("POST /v1/chat/completions", line));
		assertThat(backend.received()).hasSize(1);
	}

	@Test
	void c14ALaterMinorVersionIsServedWithTheVersionOfTheServer() {
		assertServed(CLOSING.replace("HTTP/1.1", "HTTP/1.2"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "weir.test:80", "[::1]", "[::1]:8080", "weir_test.local", "localhost" })
	void aHostMayHaveAPort(String host) {
		assertServed(CLOSING.replace("weir.test", host));
	}

	@Test
	void aRefusalIsSentAfterTheRepliesToEarlierRequests() {
		String replies = exchange(CHAT + CHAT + CHAT.replace("host: weir.test\r\n", "") + CHAT);
		assertThat(replies.split("HTTP/1\\.1 ")).hasSize(4)
			.satisfies((all) -> assertThat(all[1]).startsWith("200 OK"))
			.satisfies((all) -> assertThat(all[2]).startsWith("200 OK"))
			.satisfies((all) -> assertThat(all[3]).startsWith("400 Bad Request"));
		assertThat(backend.received()).hasSize(2);
	}

	@Test
	void theReplyToARefusedHeadRequestHasNoBody() {
		String reply = exchange("HEAD /v1/models HTTP/1.1\r\n\r\n");
		assertThat(reply).startsWith("HTTP/1.1 400 ").endsWith("\r\n\r\n");
	}

	@Test
	void repliesToHeadRequestsOnAPersistentConnectionHaveNoBody() {
		String head = "HEAD /v1/models HTTP/1.1\r\nhost: weir.test\r\n\r\n";
		String replies = exchange(head + head + MODELS);
		assertThat(replies.split("HTTP/1\\.1 200 OK")).hasSize(4);
		assertThat(replies.split("\"object\":\"list\"")).hasSize(2);
	}

	@Test
	void aConnectionThatEndsInAHeadIsNotLogged() {
		try (LoggedOutput output = LoggedOutput.start()) {
			try (RawClient client = RawClient.of(weir)) {
				client.write("POST /v1/chat/completions HTTP/1.1\r\nhost: we");
			}
			try (RawClient client = RawClient.of(weir)) {
				client.write("POST /v1/cha");
			}
			assertServed(CLOSING);
			assertThat(output.text()).doesNotContain("WARN", "ERROR", "Refused");
		}
	}

	@Test
	void aRefusalIsLoggedInOneLineWithTheIdOfTheReply() {
		try (LoggedOutput output = LoggedOutput.start()) {
			String reply = exchange(CHAT.replace("host: weir.test\r\n", ""));
			assertThat(output.text().lines().filter((line) -> line.contains(header(reply, "x-weir-request-id"))))
				.singleElement()
				.asString()
				.contains("INFO", "Refused a request of /127.0.0.1", "The request has no Host header.");
			assertThat(output.text()).doesNotContain("WARN", "ERROR");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "x-team", "close, X-Team", "keep-alive,x-team, idempotency-key" })
	void c15HeadersNamedByConnectionAreNotForwarded(String connection) {
		String headers = "\r\nx-team: blue\r\nconnection: " + connection + "\r\n";
		try (RawClient client = RawClient.of(weir)) {
			client.write(CHAT.replaceFirst("\r\n", headers)).readUntil("chatcmpl-1");
		}
		assertThat(backend.received().get(0).text().toLowerCase()).doesNotContain("x-team", "blue");
		try (RawClient client = RawClient.of(weir)) {
			client.write(CHAT.replaceFirst("\r\n", headers).replace("/v1/", "/plain/")).readUntil("chatcmpl-1");
		}
		assertThat(plain.received().get(0).text().toLowerCase()).doesNotContain("x-team", "blue");
	}

	@Test
	void headersThatDescribeTheBodyAreKeptEvenIfConnectionNamesThem() {
		assertServed(CLOSING.replace("connection: close", "connection: close, content-type, content-length, host"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "connection: keep-alive\r\n", "host: weir.test\r\n" })
	void c17AReplyToHttp10IsNotChunkedAndClosesTheConnection(String header) {
		String reply = assertServed("POST /v1/chat/completions HTTP/1.0\r\n" + header + BODY.substring(2));
		assertThat(reply).contains("connection: close").doesNotContain("transfer-encoding").endsWith(Bodies.COMPLETION);
	}

	@Test
	void c22AnUpgradeToHttp2IsIgnored() {
		String upgrade = CLOSING.replace("connection: close",
				"connection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__");
		assertServed(upgrade);
		assertThat(backend.received().get(0).text().toLowerCase()).doesNotContain("upgrade", "http2-settings")
			.contains("content-length: " + Bodies.CHAT.length());
	}

	private static String assertServed(String request) {
		String reply = exchange(request);
		assertThat(reply).startsWith("HTTP/1.1 200 OK\r\n").contains("chatcmpl-1");
		return reply;
	}

	/** Sends a request and reads until Weir closes the connection. */
	private static String exchange(String request) {
		try (RawClient client = RawClient.of(weir)) {
			return client.write(request).readToEnd();
		}
	}

	private static int length(String reply) {
		return Integer.parseInt(header(reply, "content-length"));
	}

	private static String header(String reply, String name) {
		return reply.lines()
			.filter((line) -> line.regionMatches(true, 0, name + ": ", 0, name.length() + 2))
			.map((line) -> line.substring(name.length() + 2))
			.findFirst()
			.orElseThrow();
	}

}
