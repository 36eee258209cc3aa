package dev.weir.reload;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.DefaultResourceLoader;
import org.springframework.util.StringUtils;

import dev.weir.config.load.ListenerBundle;
import dev.weir.config.load.ListenerBundles;
import dev.weir.testing.TestAuthority;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class CertificateRenewalTests {

	private static final Duration QUIET = Duration.ofSeconds(10);

	private static final TestAuthority AUTHORITY = TestAuthority.found("Servers");

	private static final String PEM = "spring.ssl.bundle.pem.web.";

	private static final String JKS = "spring.ssl.bundle.jks.web.";

	@TempDir
	private Path folder;

	private final AtomicLong now = new AtomicLong();

	private final List<SslBundle> renewed = new ArrayList<>();

	private static X509Bundle issue() {
		return AUTHORITY.issue(new CertificateBuilder().subject("CN=localhost")
			.notBefore(Instant.now().minus(Duration.ofDays(1)))
			.notAfter(Instant.now().plus(Duration.ofDays(1))));
	}

	private void writeCertificate(X509Bundle identity) throws IOException {
		Files.writeString(this.folder.resolve("tls.crt"), identity.getCertificatePathPEM());
	}

	private void writeKey(X509Bundle identity) throws IOException {
		Files.writeString(this.folder.resolve("tls.key"), identity.getPrivateKeyPEM());
	}

	private CertificateRenewal renewalOfPem(X509Bundle first) throws IOException {
		writeCertificate(first);
		writeKey(first);
		return renewal(
				Map.of("server.ssl.bundle", "web", PEM + "reload-on-update", "false", PEM + "keystore.certificate",
						this.folder + "/tls.crt", PEM + "keystore.private-key", this.folder + "/tls.key"));
	}

	private CertificateRenewal renewalOfStore(String alias) {
		return renewal(Map.of("server.ssl.bundle", "web", JKS + "reload-on-update", "false", JKS + "keystore.location",
				this.folder + "/tls.p12", JKS + "keystore.type", "PKCS12", JKS + "keystore.password", "secret",
				JKS + "key.alias", alias));
	}

	private CertificateRenewal renewal(Map<String, Object> settings) {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources().addFirst(new MapPropertySource("weir-listener-bundles", settings));
		List<ListenerBundle> bundles = ListenerBundles.of(environment, new DefaultResourceLoader()).watched();
		assertThat(bundles).hasSize(1);
		DefaultSslBundleRegistry registry = new DefaultSslBundleRegistry("web", bundles.get(0).load());
		registry.addBundleUpdateHandler("web", this.renewed::add);
		return new CertificateRenewal(bundles, registry, QUIET, this.now::get);
	}

	/** Compares the files each second. */
	private void poll(CertificateRenewal renewal, int seconds) {
		for (int i = 0; i < seconds; i++) {
			this.now.addAndGet(Duration.ofSeconds(1).toNanos());
			renewal.poll();
		}
	}

	private static Certificate certificate(SslBundle bundle) throws GeneralSecurityException {
		KeyStore store = bundle.getStores().getKeyStore();
		assertThat(store).isNotNull();
		return store.getCertificate(store.aliases().nextElement());
	}

	private void writeStore(@Nullable X509Bundle identity, String alias) throws IOException, GeneralSecurityException {
		KeyStore store = KeyStore.getInstance("PKCS12");
		store.load(null, null);
		if (identity != null) {
			store.setKeyEntry(alias, identity.getKeyPair().getPrivate(), "secret".toCharArray(),
					new Certificate[] { identity.getCertificate() });
		}
		try (OutputStream out = Files.newOutputStream(this.folder.resolve("tls.p12"))) {
			store.store(out, "secret".toCharArray());
		}
	}

	@Test
	void filesAreReadWhenNoneHasChangedForAWhile(CapturedOutput output) throws Exception {
		CertificateRenewal renewal = renewalOfPem(issue());
		X509Bundle second = issue();
		writeKey(second);
		poll(renewal, 10);
		writeCertificate(second);
		poll(renewal, 10);
		assertThat(this.renewed).isEmpty();
		poll(renewal, 1);
		assertThat(this.renewed).singleElement()
			.satisfies((bundle) -> assertThat(certificate(bundle)).isEqualTo(second.getCertificate()));
		poll(renewal, 30);
		assertThat(this.renewed).hasSize(1);
		assertThat(output).doesNotContain("keeps what it has");
	}

	@Test
	void filesThatAreRestoredInTimeChangeNothing(CapturedOutput output) throws Exception {
		X509Bundle first = issue();
		CertificateRenewal renewal = renewalOfPem(first);
		writeKey(issue());
		poll(renewal, 5);
		writeKey(first);
		poll(renewal, 30);
		assertThat(this.renewed).isEmpty();
		assertThat(output).doesNotContain("SSL bundle web");
	}

	@Test
	void filesThatDoNotBelongTogetherAreReportedOnceAndReadAgainWhenTheyChange(CapturedOutput output) throws Exception {
		CertificateRenewal renewal = renewalOfPem(issue());
		X509Bundle second = issue();
		writeCertificate(second);
		poll(renewal, 60);
		assertThat(this.renewed).isEmpty();
		assertThat(StringUtils.countOccurrencesOf(output.getAll(), "keeps what it has")).isEqualTo(1);
		writeKey(second);
		poll(renewal, 11);
		assertThat(this.renewed).hasSize(1);
	}

	@Test
	void aFileThatIsGoneChangesNothing(CapturedOutput output) throws Exception {
		CertificateRenewal renewal = renewalOfPem(issue());
		Files.delete(this.folder.resolve("tls.key"));
		poll(renewal, 30);
		assertThat(this.renewed).isEmpty();
		assertThat(output).contains("spring.ssl.bundle.pem.web.keystore.private-key")
			.contains("has no private key that can be read");
	}

	@Test
	void aStoreWithoutTheKeyOfTheListenerChangesNothing(CapturedOutput output) throws Exception {
		writeStore(issue(), "tls");
		CertificateRenewal renewal = renewalOfStore("tls");
		writeStore(issue(), "other");
		poll(renewal, 11);
		writeStore(null, "");
		poll(renewal, 11);
		assertThat(this.renewed).isEmpty();
		assertThat(StringUtils.countOccurrencesOf(output.getAll(), "keeps what it has")).isEqualTo(2);
		writeStore(issue(), "tls");
		poll(renewal, 11);
		assertThat(this.renewed).hasSize(1);
		assertThat(output).doesNotContain("secret");
	}

}
