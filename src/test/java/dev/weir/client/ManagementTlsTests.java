package dev.weir.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;

import dev.weir.WeirApplication;
import dev.weir.testing.TestAuthority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * A separate management port beside a listener that asks clients for certificates. It has
 * the TLS settings of the listener unless it has others.
 */
class ManagementTlsTests {

	@TempDir
	private static Path folder;

	private static SSLContext tls;

	@BeforeAll
	static void issue() throws IOException, GeneralSecurityException {
		TestAuthority authority = TestAuthority.found("Servers");
		X509Bundle identity = authority.issue(new CertificateBuilder().subject("CN=localhost")
			.addSanDnsName("localhost")
			.notBefore(Instant.now().minus(Duration.ofDays(1)))
			.notAfter(Instant.now().plus(Duration.ofDays(1))));
		Files.writeString(folder.resolve("tls.crt"), identity.getCertificatePathPEM());
		Files.writeString(folder.resolve("tls.key"), identity.getPrivateKeyPEM());
		Files.copy(authority.certificate(), folder.resolve("ca.crt"));
		KeyStore trusted = KeyStore.getInstance("PKCS12");
		trusted.load(null, null);
		try (var in = Files.newInputStream(authority.certificate())) {
			trusted.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
		}
		TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
		trust.init(trusted);
		tls = SSLContext.getInstance("TLS");
		tls.init(null, trust.getTrustManagers(), null);
	}

	private static ReactiveWebServerApplicationContext start(String... arguments) {
		String bundle = "--spring.ssl.bundle.pem.web.";
		List<String> all = new ArrayList<>(List.of("--server.port=0", "--management.server.port=0",
				"--management.server.address=127.0.0.1", "--server.ssl.bundle=web", "--server.ssl.client-auth=need",
				bundle + "keystore.certificate=" + folder + "/tls.crt",
				bundle + "keystore.private-key=" + folder + "/tls.key",
				bundle + "truststore.certificate=" + folder + "/ca.crt", "--weir.startup-check=false",
				"--weir.pools.openai.backends[0].name=a", "--weir.pools.openai.backends[0].url=http://127.0.0.1:9",
				"--weir.clients[0].name=chat", "--weir.clients[0].certificates=chat.example"));
		all.addAll(List.of(arguments));
		return (ReactiveWebServerApplicationContext) new SpringApplicationBuilder(WeirApplication.class)
			.run(all.toArray(String[]::new));
	}

	private static int readiness(ReactiveWebServerApplicationContext weir, String scheme) throws IOException {
		String port = weir.getEnvironment().getRequiredProperty("local.management.port");
		HttpRequest request = HttpRequest
			.newBuilder(URI.create(scheme + "://localhost:" + port + "/actuator/health/readiness"))
			.timeout(Duration.ofSeconds(10))
			.build();
		try {
			return HttpClient.newBuilder()
				.sslContext(tls)
				.build()
				.send(request, HttpResponse.BodyHandlers.ofString())
				.statusCode();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Test
	void withoutSettingsItNeedsACertificateOfTheClient() {
		try (ReactiveWebServerApplicationContext weir = start()) {
			assertThatThrownBy(() -> readiness(weir, "https")).isInstanceOf(IOException.class);
		}
	}

	@Test
	void itCanBePlainHttp() throws IOException {
		try (ReactiveWebServerApplicationContext weir = start("--management.server.ssl.enabled=false")) {
			assertThat(readiness(weir, "http")).isEqualTo(200);
		}
	}

	@Test
	void itCanHaveTlsWithoutCertificatesOfClients() throws IOException {
		try (ReactiveWebServerApplicationContext weir = start("--management.server.ssl.bundle=web")) {
			assertThat(readiness(weir, "https")).isEqualTo(200);
		}
	}

}
