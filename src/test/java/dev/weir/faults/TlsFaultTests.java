package dev.weir.faults;

import java.net.URI;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.testing.Bodies;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.TestAuthority;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.ReplyAssertions.header;
import static dev.weir.testing.Scripts.SERVES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * Row B26: certificates and TLS handshakes that fail.
 */
@ExtendWith(OutputCaptureExtension.class)
class TlsFaultTests {

	private static final String HTTP_CLIENT = "--spring.cloud.gateway.server.webflux.httpclient.";

	private static final TestAuthority AUTHORITY = TestAuthority.found("Weir's tests");

	@AutoClose
	private final OpenResources open = new OpenResources();

	@Test
	void b26ASelfSignedCertificateIsRefusedAndTheNextLaneServes(CapturedOutput output) {
		assertRefused(TestAuthority.selfSigned("localhost"), output, "unable to find valid certification path");
	}

	@Test
	void b26ACertificateForAnotherHostIsRefusedAndTheNextLaneServes(CapturedOutput output) {
		assertRefused(AUTHORITY.identity("other.weir.test"), output, "No subject alternative DNS name matching");
	}

	@Test
	void b26AnExpiredCertificateIsRefusedAndTheNextLaneServes(CapturedOutput output) {
		assertRefused(AUTHORITY.identity("localhost", Instant.now().minus(Duration.ofDays(2))), output,
				"validity check failed");
	}

	@Test
	void b26AHandshakeTimeoutGoesToTheNextLane(CapturedOutput output) {
		RawBackend first = this.open.backend(SERVES);
		URI secure = URI.create(first.url("localhost").toString().replace("http:", "https:"));
		start(secure, HTTP_CLIENT + "ssl.handshake-timeout=300ms").assertServedBySpare();
		assertThat(first.requests()).isEmpty();
		assertThat(output).contains("a TLS failure (handshake timed out after 300ms) from openai-a");
	}

	@Test
	void b26WithoutAnotherLaneTheReplyDoesNotMentionTheCertificate() {
		RawBackend first = this.open.add(RawBackend.startSecure(TestAuthority.selfSigned("localhost"), SERVES));
		RawBackend second = this.open.add(RawBackend.startSecure(TestAuthority.selfSigned("localhost"), SERVES));
		WeirServer weir = this.open.add(WeirServer.withBackends(WeirServer.backend("openai-a", first.url("localhost")),
				WeirServer.backend("openai-b", second.url("localhost"))));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(502);
		assertThat(response.body()).contains("\"code\":\"bad_gateway\"").doesNotContain("cert");
		assertThat(first.requests()).isEmpty();
		assertThat(second.requests()).isEmpty();
	}

	@Test
	void b26AnAuthorityInTheConfiguredBundleIsTrusted() {
		RawBackend first = this.open.add(RawBackend.startSecure(AUTHORITY.identity("localhost"), SERVES));
		BackendWithSpare weir = start(first.url("localhost"), AUTHORITY.trustSettings());
		HttpResponse<String> response = weir.chat();
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(header(response, "x-weir-backend")).isEqualTo("openai-a");
		assertThat(first.requests()).singleElement().asString().containsIgnoringCase("api-key: key-of-openai-a");
		weir.assertSpareIsUnused(1);
		assertThat(weir.chat().statusCode()).isEqualTo(200);
		assertThat(first.connections()).isEqualTo(1);
		weir.assertSpareIsUnused(2);
	}

	@Test
	void b26AnAuthorityThatTheRuntimeTrustsIsNotTrustedBesideTheBundle() throws Exception {
		TestAuthority known = TestAuthority.found("Known to everyone");
		RawBackend first = this.open.add(RawBackend.startSecure(known.identity("localhost"), SERVES));
		trustEverywhere(known);
		assertThatTheRuntimeTrusts(first);
		start(first.url("localhost"), AUTHORITY.trustSettings()).assertServedBySpare();
		assertThat(first.requests()).isEmpty();
	}

	@Test
	void b26WeirDoesNotStartWhereCertificatesWouldNotBeVerified() {
		String yaml = WeirServer.pool("", WeirServer.backend("openai-a", URI.create("https://localhost:1")));
		assertThatThrownBy(() -> WeirServer.start(yaml, HTTP_CLIENT + "ssl.use-insecure-trust-manager=true"))
			.hasMessageContaining("use-insecure-trust-manager");
		assertThatThrownBy(() -> WeirServer.start(yaml, HTTP_CLIENT + "ssl.ssl-bundle=misspelt"))
			.hasMessageContaining("ssl-bundle");
	}

	private void assertRefused(SSLContext identity, CapturedOutput output, String why) {
		RawBackend first = this.open.add(RawBackend.startSecure(identity, SERVES));
		start(first.url("localhost"), AUTHORITY.trustSettings()).assertServedBySpare();
		assertThat(first.connections()).isPositive();
		assertThat(first.requests()).isEmpty();
		assertThat(output.getAll())
			.containsPattern("attempt 2, after a TLS failure \\(.*" + why + ".*\\) from openai-a");
	}

	private BackendWithSpare start(URI url, String... arguments) {
		return this.open.add(BackendWithSpare.start(url, arguments));
	}

	/** Adds an authority to the default trust store of this process. */
	private void trustEverywhere(TestAuthority authority) {
		System.setProperty("javax.net.ssl.trustStore", authority.trustStore("changeit").toString());
		System.setProperty("javax.net.ssl.trustStorePassword", "changeit");
		this.open.add(() -> {
			System.clearProperty("javax.net.ssl.trustStore");
			System.clearProperty("javax.net.ssl.trustStorePassword");
		});
	}

	private static void assertThatTheRuntimeTrusts(RawBackend backend) throws Exception {
		TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
		trusted.init((KeyStore) null);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, trusted.getTrustManagers(), null);
		try (SSLSocket socket = (SSLSocket) context.getSocketFactory()
			.createSocket("127.0.0.1", backend.url().getPort())) {
			socket.startHandshake();
		}
	}

}
