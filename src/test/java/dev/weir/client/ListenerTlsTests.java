package dev.weir.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.testing.Bodies;
import dev.weir.testing.MockBackend;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.TestAuthority;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * The listener with TLS: certificates that are renewed while it runs, and certificates of
 * clients in place of keys.
 */
class ListenerTlsTests {

	private static final String KEY = "chat-key-0123456789";

	private static final TestAuthority SERVERS = TestAuthority.found("Servers");

	private static final TestAuthority CLIENTS = TestAuthority.found("Clients");

	@TempDir
	private static Path folder;

	private static MockBackend backend;

	private static RawBackend socketBackend;

	private static WeirServer weir;

	private static X509Bundle pinned;

	/** Connections that begin no handshake, another protocol or half a handshake. */
	private static final List<Socket> SILENT = new ArrayList<>();

	@BeforeAll
	static void start() throws IOException {
		backend = MockBackend.start();
		backend.serves();
		socketBackend = RawBackend.start((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.next();
			socket.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"r\"}}");
			socket.next();
		});
		writeIdentity("first");
		pinned = CLIENTS.issue(certificate("CN=pinned"));
		Files.writeString(folder.resolve("clients.crt"), Files.readString(CLIENTS.certificate()));
		weir = WeirServer.start("""
				server:
				  http2.enabled: true
				  netty.idle-timeout: 2s
				  ssl: {bundle: web, client-auth: want}
				spring.ssl.bundle.watch.file.quiet-period: 200ms
				spring.ssl.bundle.pem.web:
				  keystore: {certificate: "%1$s/tls.crt", private-key: "%1$s/tls.key"}
				  truststore: {certificate: "%1$s/clients.crt"}
				weir:
				  header-timeout: 1s
				  clients:
				    - name: chat
				      key: %2$s
				      certificates: [Chat.example, "spiffe://example.org/chat"]
				    - name: search
				      certificates: ["CN=search, O=Example"]
				      models: [gpt-4o-mini]
				    - name: pinned
				      certificates: ["%3$s"]
				    - name: former
				      certificates: [former.example]
				      expires: 2026-01-31
				  pools:
				    openai:
				      backends: [%4$s]
				    sockets:
				      backends: [%5$s]
				spring.cloud.gateway.server.webflux.routes:
				  - {id: sockets, uri: lb://sockets, predicates: [Path=/v1/responses]}
				  - {id: openai, uri: lb://openai, predicates: ["Path=/**"]}
				""".formatted(folder, KEY, fingerprint(pinned),
				WeirServer.backend("a", backend.url(), "models: {gpt-4o: gpt-4o, gpt-4o-mini: mini}"),
				WeirServer.backend("s", socketBackend.url(), "models: {m: m}")));
		for (String sent : List.of("", "GET / HTTP/1.1\r\nhost: a\r\n\r\n", "\u0016\u0003\u0001")) {
			Socket socket = new Socket("localhost", weir.port());
			socket.setSoTimeout(15_000);
			socket.getOutputStream().write(sent.getBytes(StandardCharsets.ISO_8859_1));
			SILENT.add(socket);
		}
	}

	@AfterAll
	static void stop() {
		weir.close();
		backend.close();
		socketBackend.close();
	}

	private static CertificateBuilder certificate(String subject) {
		return new CertificateBuilder().subject(subject)
			.notBefore(Instant.now().minus(Duration.ofDays(1)))
			.notAfter(Instant.now().plus(Duration.ofDays(1)));
	}

	private static String fingerprint(X509Bundle bundle) {
		try {
			return HexFormat.ofDelimiter(":")
				.withUpperCase()
				.formatHex(MessageDigest.getInstance("SHA-256").digest(bundle.getCertificate().getEncoded()));
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/** Replaces the files one after the other, as certificate managers do. */
	private static void writeIdentity(String organization) throws IOException {
		X509Bundle identity = identity(organization);
		write("tls.key", identity.getPrivateKeyPEM());
		write("tls.crt", identity.getCertificatePathPEM());
	}

	private static X509Bundle identity(String organization) {
		return SERVERS.issue(certificate("CN=localhost,O=" + organization).addSanDnsName("localhost"));
	}

	private static void write(String name, String text) throws IOException {
		Path next = Files.writeString(folder.resolve(name + ".next"), text);
		Files.move(next, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
	}

	private static SSLContext tls(@Nullable X509Bundle identity) {
		try {
			KeyStore trusted = KeyStore.getInstance("PKCS12");
			trusted.load(null, null);
			trusted.setCertificateEntry("authority", read(SERVERS.certificate()));
			TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
			trust.init(trusted);
			SSLContext context = SSLContext.getInstance("TLS");
			KeyManagerFactory keys = (identity != null) ? identity.toKeyManagerFactory() : null;
			context.init((keys != null) ? keys.getKeyManagers() : null, trust.getTrustManagers(), null);
			return context;
		}
		catch (GeneralSecurityException | IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static Certificate read(Path file) throws IOException, CertificateException {
		try (InputStream in = new ByteArrayInputStream(Files.readAllBytes(file))) {
			return CertificateFactory.getInstance("X.509").generateCertificate(in);
		}
	}

	private static HttpClient client(@Nullable X509Bundle identity) {
		return HttpClient.newBuilder().sslContext(tls(identity)).connectTimeout(Duration.ofSeconds(5)).build();
	}

	private static HttpResponse<String> chat(HttpClient client, String model, String... headers) {
		HttpRequest.Builder request = HttpRequest
			.newBuilder(URI.create("https://localhost:" + weir.port() + "/v1/chat/completions"))
			.timeout(Duration.ofSeconds(10))
			.header("content-type", "application/json")
			.POST(HttpRequest.BodyPublishers.ofString(Bodies.CHAT.replace("gpt-4o", model)));
		if (headers.length > 0) {
			request.headers(headers);
		}
		try {
			return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static String organizationOfServer() {
		try (SSLSocket socket = (SSLSocket) tls(null).getSocketFactory().createSocket("localhost", weir.port())) {
			socket.startHandshake();
			return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSubjectX500Principal()
				.getName()
				.replaceFirst(".*O=([a-z]+).*", "$1");
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Test
	@ExtendWith(OutputCaptureExtension.class)
	void aRenewedCertificateIsUsedWithoutALostRequest(CapturedOutput output) throws IOException {
		writeIdentity("first");
		HttpClient connected = client(null);
		assertThat(chat(connected, "gpt-4o", "api-key", KEY).statusCode()).isEqualTo(200);
		writeIdentity("second");
		await().atMost(Duration.ofSeconds(30)).until(() -> {
			assertThat(chat(connected, "gpt-4o", "api-key", KEY).statusCode()).isEqualTo(200);
			return organizationOfServer().equals("second");
		});
		await().atMost(Duration.ofSeconds(10))
			.until(() -> output.getAll()
				.contains("new connections use the renewed files, CN=localhost, O=second, valid until 20"));
		assertThat(keptBecause(output, "has no certificate that can be read",
				() -> write("tls.crt", "-----BEGIN CERTIFICATE-----\ncanary")))
			.contains("spring.ssl.bundle.pem.web.keystore.certificate");
		assertThat(organizationOfServer()).isEqualTo("second");
		X509Bundle third = identity("third");
		assertThat(keptBecause(output, "has a private key that does not belong to its certificate",
				() -> write("tls.crt", third.getCertificatePathPEM())))
			.contains("spring.ssl.bundle.pem.web.keystore");
		assertThat(organizationOfServer()).isEqualTo("second");
		assertThat(chat(connected, "gpt-4o", "api-key", KEY).statusCode()).isEqualTo(200);
		write("tls.key", third.getPrivateKeyPEM());
		await().atMost(Duration.ofSeconds(30)).until(() -> organizationOfServer().equals("third"));
		assertThat(output).doesNotContain("Unexpected SSL reload error", "canary", "\tat ");
		assertThat(chat(connected, "gpt-4o", "api-key", KEY).statusCode()).isEqualTo(200);
	}

	/** Changes a file and returns the line of the log that names the cause. */
	private static String keptBecause(CapturedOutput output, String cause, ThrowingRunnable change) throws IOException {
		change.run();
		await().atMost(Duration.ofSeconds(30)).until(() -> output.getAll().contains(cause));
		return output.getAll()
			.lines()
			.filter((line) -> line.contains(cause))
			.peek((line) -> assertThat(line).contains("SSL bundle web (", "/tls.crt, ", "/tls.key)",
					"the listener keeps what it has"))
			.findFirst()
			.orElseThrow();
	}

	private interface ThrowingRunnable {

		void run() throws IOException;

	}

	@ParameterizedTest
	@ValueSource(strings = { "dns", "uri" })
	void aCertificateIsRecognizedByItsAlternativeName(String type) throws Exception {
		CertificateBuilder request = certificate("CN=anything");
		X509Bundle identity = CLIENTS.issue(type.equals("dns") ? request.addSanDnsName("chat.example")
				: request.addSanUriName("spiffe://example.org/chat"));
		HttpClient client = client(identity);
		assertThat(chat(client, "gpt-4o").statusCode()).isEqualTo(200);
		HttpResponse<String> second = chat(client, "gpt-4o", "authorization", "Bearer unused");
		assertThat(second.statusCode()).isEqualTo(200);
		assertThat(second.version()).isEqualTo(HttpClient.Version.HTTP_2);
	}

	@Test
	void aCertificateIsRecognizedByItsSubjectAndHasThatClientsModels() {
		HttpClient client = client(CLIENTS.issue(certificate("cn=Search,o=EXAMPLE")));
		assertThat(chat(client, "gpt-4o-mini").statusCode()).isEqualTo(200);
		assertThat(chat(client, "gpt-4o").statusCode()).isEqualTo(403);
		// a key is more specific
		assertThat(chat(client, "gpt-4o", "api-key", KEY).statusCode()).isEqualTo(200);
	}

	@Test
	void aCertificateIsRecognizedByItsFingerprintOnly() {
		assertThat(chat(client(pinned), "gpt-4o").statusCode()).isEqualTo(200);
		assertThat(chat(client(CLIENTS.issue(certificate("CN=pinned"))), "gpt-4o").statusCode()).isEqualTo(401);
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "CN=search", "CN=search,O=Example,OU=x", "CN=chat.example", "CN=spiffe://example.org/chat" })
	void aCertificateOfNoClientGets401(String subject) {
		HttpResponse<String> reply = chat(client(CLIENTS.issue(certificate(subject))), "gpt-4o-mini");
		assertThat(reply.statusCode()).isEqualTo(401);
		assertThat(reply.body()).contains("The request has no API key", "No client has the certificate CN=")
			.doesNotContain("not known");
		HttpResponse<String> placeholder = chat(client(CLIENTS.issue(certificate(subject))), "gpt-4o-mini", "api-key",
				"placeholder");
		assertThat(placeholder.statusCode()).isEqualTo(401);
		assertThat(placeholder.body()).contains("The API key is not known", "No client has the certificate CN=");
	}

	@Test
	void anExpiredClientGets401() {
		HttpResponse<String> reply = chat(client(CLIENTS.issue(certificate("CN=a").addSanDnsName("former.example"))),
				"gpt-4o");
		assertThat(reply.statusCode()).isEqualTo(401);
		assertThat(reply.body()).contains("'former'", "2026-01-31");
	}

	@Test
	void aClientWithoutACertificateNeedsAKey() {
		assertThat(chat(client(null), "gpt-4o").statusCode()).isEqualTo(401);
		assertThat(chat(client(null), "gpt-4o", "api-key", KEY).statusCode()).isEqualTo(200);
	}

	@Test
	void aCertificateThatNoTrustedAuthorityHasSignedEndsTheConnection() {
		X509Bundle forged = TestAuthority.found("Clients").issue(certificate("CN=a").addSanDnsName("chat.example"));
		assertThatThrownBy(() -> chat(client(forged), "gpt-4o")).hasRootCauseInstanceOf(IOException.class);
	}

	@Test
	void eachMessageOfAWebSocketCountsAsTheCertificatesClient() throws Exception {
		BlockingQueue<String> received = new LinkedBlockingQueue<>();
		WebSocket socket = client(CLIENTS.issue(certificate("CN=a").addSanDnsName("chat.example")))
			.newWebSocketBuilder()
			.buildAsync(URI.create("wss://localhost:" + weir.port() + "/v1/responses"), new WebSocket.Listener() {
				@Override
				public @Nullable CompletionStage<?> onText(WebSocket source, CharSequence data, boolean last) {
					received.add(data.toString());
					source.request(1);
					return null;
				}
			})
			.orTimeout(10, TimeUnit.SECONDS)
			.join();
		socket.sendText("{\"type\":\"response.create\",\"model\":\"m\",\"input\":\"hi\"}", true).join();
		assertThat(received.poll(10, TimeUnit.SECONDS)).contains("response.completed");
		socket.abort();
	}

	@Test
	void c4ClientsThatDoNotCompleteTheHandshakeAreClosedAndOthersServed() throws IOException {
		assertThat(chat(client(null), "gpt-4o", "api-key", KEY).statusCode()).isEqualTo(200);
		for (Socket socket : SILENT) {
			// an alert may come before the end
			socket.getInputStream().readAllBytes();
			socket.close();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "G", "GET /v1/models HTTP/1.1\r\nhost: a" })
	void c4AClientThatDoesNotSendAWholeHeadIsClosed(String sent) throws IOException {
		try (SSLSocket socket = (SSLSocket) tls(null).getSocketFactory().createSocket("localhost", weir.port())) {
			socket.setSoTimeout(5_000);
			socket.startHandshake();
			socket.getOutputStream().write(sent.getBytes(StandardCharsets.ISO_8859_1));
			socket.getInputStream().readAllBytes();
		}
	}

}
