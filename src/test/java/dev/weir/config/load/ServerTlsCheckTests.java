package dev.weir.config.load;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.DefaultResourceLoader;

import dev.weir.testing.TestAuthority;

import static org.assertj.core.api.Assertions.assertThat;

class ServerTlsCheckTests {

	private static final TestAuthority AUTHORITY = TestAuthority.found("Servers");

	private static final String WEB = "spring.ssl.bundle.pem.web.keystore.";

	@TempDir
	private Path folder;

	private static X509Bundle issue(CertificateBuilder.Algorithm algorithm) {
		return AUTHORITY.issue(new CertificateBuilder().algorithm(algorithm)
			.subject("CN=localhost")
			.notBefore(Instant.now().minus(Duration.ofDays(1)))
			.notAfter(Instant.now().plus(Duration.ofDays(1))));
	}

	private String write(String name, String text) throws IOException {
		return Files.writeString(this.folder.resolve(name), text).toString();
	}

	private static List<String> mistakes(String... properties) {
		StandardEnvironment environment = new StandardEnvironment();
		Map<String, Object> values = new LinkedHashMap<>();
		for (int i = 0; i < properties.length; i += 2) {
			values.put(properties[i], properties[i + 1]);
		}
		environment.getPropertySources().addFirst(new MapPropertySource("test", values));
		environment.getPropertySources().addFirst(ListenerBundles.overrides(environment));
		return new ServerTlsCheck(environment, new DefaultResourceLoader()).check()
			.stream()
			.map(ConfigurationProblem::toString)
			.toList();
	}

	@ParameterizedTest
	@EnumSource(value = CertificateBuilder.Algorithm.class, names = { "ecp256", "rsa2048", "ed25519" })
	void aKeyBelongsToItsCertificate(CertificateBuilder.Algorithm algorithm) throws IOException {
		X509Bundle identity = issue(algorithm);
		String certificate = write("tls.crt", identity.getCertificatePathPEM());
		String key = write("tls.key", identity.getPrivateKeyPEM());
		assertThat(mistakes("server.ssl.bundle", "web", WEB + "certificate", certificate, WEB + "private-key", key))
			.isEmpty();
		assertThat(mistakes("server.ssl.certificate", certificate, "server.ssl.certificate-private-key", key))
			.isEmpty();
		for (CertificateBuilder.Algorithm other : List.of(algorithm, CertificateBuilder.Algorithm.ecp384)) {
			String otherKey = write("other.key", issue(other).getPrivateKeyPEM());
			String mistake = "has a private key that does not belong to its certificate";
			assertThat(mistakes("server.ssl.bundle", "web", WEB + "certificate", certificate, WEB + "private-key",
					otherKey))
				.singleElement()
				.asString()
				.contains("spring.ssl.bundle.pem.web.keystore", mistake);
			assertThat(mistakes("server.ssl.certificate", certificate, "server.ssl.certificate-private-key", otherKey))
				.singleElement()
				.asString()
				.startsWith("server.ssl")
				.contains(mistake);
		}
	}

	@Test
	void aChainBeginsWithTheCertificateOfTheServer() throws IOException {
		X509Bundle identity = issue(CertificateBuilder.Algorithm.ecp256);
		String key = write("tls.key", identity.getPrivateKeyPEM());
		String reversed = write("tls.crt", Files.readString(AUTHORITY.certificate()) + identity.getCertificatePEM());
		assertThat(mistakes(WEB + "certificate", reversed, WEB + "private-key", key)).singleElement()
			.asString()
			.startsWith("spring.ssl.bundle.pem.web.keystore");
	}

	@Test
	void aMissingPartOfAListenersTlsIsNamed() throws IOException {
		X509Bundle identity = issue(CertificateBuilder.Algorithm.ecp256);
		String certificate = write("tls.crt", identity.getCertificatePathPEM());
		String key = write("tls.key", identity.getPrivateKeyPEM());
		for (String prefix : List.of("server.ssl", "management.server.ssl")) {
			assertThat(mistakes(prefix + ".certificate", certificate)).singleElement()
				.asString()
				.startsWith(prefix + ".certificate-private-key (test): is missing");
			assertThat(mistakes(prefix + ".certificate-private-key", key)).singleElement()
				.asString()
				.startsWith(prefix + ".certificate (test): is missing");
			assertThat(mistakes(prefix + ".enabled", "true")).singleElement()
				.asString()
				.startsWith(prefix + " (test): has no certificate with a private key");
			assertThat(mistakes(prefix + ".enabled", "false")).isEmpty();
		}
	}

	@Test
	void aValueThatIsNoneOfAFewIsReportedWithThem() {
		assertThat(mistakes("server.ssl.client-auth", "canary")).singleElement()
			.asString()
			.startsWith("server.ssl.client-auth (test): must be one of none, want, need");
		assertThat(mistakes("server.ssl.enabled", "canary")).singleElement()
			.asString()
			.startsWith("server.ssl.enabled (test): must be true or false");
	}

	@Test
	void aServerNeedsAPrivateKey() throws IOException {
		X509Bundle identity = issue(CertificateBuilder.Algorithm.ecp256);
		String certificate = write("tls.crt", identity.getCertificatePathPEM());
		String key = write("tls.key", identity.getPrivateKeyPEM());
		String trust = "spring.ssl.bundle.pem.trust.truststore.certificate";
		String mistake = "has no certificate with a private key";
		assertThat(mistakes(WEB + "certificate", certificate, trust, certificate)).as("no server").isEmpty();
		assertThat(mistakes("server.ssl.bundle", "web", WEB + "certificate", certificate)).singleElement()
			.asString()
			.startsWith("server.ssl (test)")
			.contains(mistake);
		assertThat(mistakes("management.server.ssl.bundle", "trust", trust, certificate)).singleElement()
			.asString()
			.startsWith("management.server.ssl (test)")
			.contains(mistake);
		assertThat(mistakes("server.ssl.trust-certificate", certificate)).singleElement()
			.asString()
			.startsWith("server.ssl (test)")
			.contains(mistake);
		assertThat(mistakes("server.ssl.enabled", "true")).singleElement()
			.asString()
			.startsWith("server.ssl (test)")
			.contains(mistake);
		assertThat(mistakes("server.ssl.bundle", "web", WEB + "certificate", certificate, WEB + "private-key", key,
				"server.ssl.server-name-bundles[0].server-name", "a.example",
				"server.ssl.server-name-bundles[0].bundle", "trust", trust, certificate))
			.singleElement()
			.asString()
			.startsWith("server.ssl.server-name-bundles (test)")
			.contains(mistake);
	}

	@Test
	void aKeyInThePlaceOfItsFileIsNotShown() throws IOException {
		String certificate = write("tls.crt", issue(CertificateBuilder.Algorithm.ecp256).getCertificatePathPEM());
		for (String[] pair : new String[][] { { WEB + "certificate", WEB + "private-key" },
				{ "server.ssl.certificate", "server.ssl.certificate-private-key" } }) {
			assertThat(mistakes(pair[0], certificate, pair[1], "MIGHcanary")).singleElement()
				.asString()
				.contains("FileNotFoundException")
				.doesNotContain("canary");
		}
	}

	@Test
	void theNameOfABundleIsUnique() throws IOException {
		String certificate = write("tls.crt", issue(CertificateBuilder.Algorithm.ecp256).getCertificatePathPEM());
		assertThat(mistakes(WEB + "certificate", certificate, "spring.ssl.bundle.jks.web.keystore.location", "x.p12"))
			.singleElement()
			.asString()
			.contains("spring.ssl.bundle.jks.web", "has the name of a bundle in spring.ssl.bundle.pem");
	}

	@Test
	void theOriginOfAMistakeIsWhereTheUserHasWrittenIt() throws IOException {
		String certificate = write("tls.crt", issue(CertificateBuilder.Algorithm.ecp256).getCertificatePathPEM());
		String key = write("tls.key", issue(CertificateBuilder.Algorithm.ecp256).getPrivateKeyPEM());
		assertThat(mistakes("server.ssl.bundle", "web", WEB + "certificate", certificate, WEB + "private-key", key,
				WEB + "verify-keys", "true"))
			.singleElement()
			.asString()
			.startsWith("spring.ssl.bundle.pem.web (test)");
	}

	@Test
	void aStoreWithAKeyOfAnotherCertificateIsReported() throws IOException, GeneralSecurityException {
		KeyStore store = KeyStore.getInstance("PKCS12");
		store.load(null, null);
		store.setKeyEntry("a", issue(CertificateBuilder.Algorithm.ecp256).getKeyPair().getPrivate(),
				"secret".toCharArray(),
				new Certificate[] { issue(CertificateBuilder.Algorithm.ecp256).getCertificate() });
		Path file = this.folder.resolve("tls.p12");
		try (OutputStream out = Files.newOutputStream(file)) {
			store.store(out, "secret".toCharArray());
		}
		String prefix = "spring.ssl.bundle.jks.web.keystore.";
		assertThat(mistakes(prefix + "location", file.toString(), prefix + "password", "secret", prefix + "type",
				"PKCS12"))
			.singleElement()
			.asString()
			.contains("spring.ssl.bundle.jks.web.keystore", "does not belong to its certificate");
		assertThat(mistakes(prefix + "location", file.toString(), prefix + "password", "canary", prefix + "type",
				"PKCS12"))
			.singleElement()
			.asString()
			.contains("spring.ssl.bundle.jks.web.keystore", "cannot be used")
			.doesNotContain("canary");
	}

	@Test
	void theFileThatCannotBeReadIsNamed() throws IOException {
		X509Bundle identity = issue(CertificateBuilder.Algorithm.ecp256);
		String certificate = write("tls.crt", identity.getCertificatePathPEM());
		String key = write("tls.key", identity.getPrivateKeyPEM());
		String garbage = write("garbage", "canary");
		assertThat(mistakes(WEB + "certificate", garbage, WEB + "private-key", key)).singleElement()
			.asString()
			.startsWith(WEB + "certificate")
			.contains("has no certificate that can be read")
			.doesNotContain("canary");
		assertThat(mistakes(WEB + "certificate", certificate, WEB + "private-key", garbage)).singleElement()
			.asString()
			.startsWith(WEB + "private-key")
			.contains("has no private key that can be read")
			.doesNotContain("canary");
	}

}
