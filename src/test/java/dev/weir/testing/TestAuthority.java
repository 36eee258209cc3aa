package dev.weir.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;

import javax.net.ssl.SSLContext;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;

/**
 * A certificate authority for tests, which is in no trust store unless a test puts it
 * there.
 */
public final class TestAuthority {

	private final X509Bundle root;

	private TestAuthority(X509Bundle root) {
		this.root = root;
	}

	/**
	 * Creates an authority.
	 * @param name its name
	 * @return the authority
	 */
	public static TestAuthority found(String name) {
		try {
			return new TestAuthority(new CertificateBuilder().ecp256()
				.subject("CN=" + name)
				.setIsCertificateAuthority(true)
				.notBefore(Instant.now().minus(Duration.ofDays(30)))
				.notAfter(Instant.now().plus(Duration.ofDays(30)))
				.buildSelfSigned());
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * A server's identity.
	 * @param host the name that its certificate is for
	 * @return the identity
	 */
	public SSLContext identity(String host) {
		return identity(host, Instant.now().plus(Duration.ofDays(1)));
	}

	/**
	 * A server's identity, valid from twenty days ago.
	 * @param host the name that its certificate is for
	 * @param end when its certificate expires
	 * @return the identity
	 */
	public SSLContext identity(String host, Instant end) {
		try {
			return context(certificate(host, end).buildIssuedBy(this.root));
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * A self-signed identity.
	 * @param host the name that its certificate is for
	 * @return the identity
	 */
	public static SSLContext selfSigned(String host) {
		try {
			return context(certificate(host, Instant.now().plus(Duration.ofDays(1))).setIsCertificateAuthority(true)
				.buildSelfSigned());
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Issues a certificate.
	 * @param request its subject and names
	 * @return the certificate with its key
	 */
	public X509Bundle issue(CertificateBuilder request) {
		try {
			return request.buildIssuedBy(this.root);
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static CertificateBuilder certificate(String host, Instant end) {
		return new CertificateBuilder().ecp256()
			.subject("CN=" + host)
			.addSanDnsName(host)
			.notBefore(Instant.now().minus(Duration.ofDays(20)))
			.notAfter(end);
	}

	private static SSLContext context(X509Bundle certificate) throws GeneralSecurityException {
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(certificate.toKeyManagerFactory().getKeyManagers(), null, null);
		return context;
	}

	/**
	 * The settings of a Weir that trusts this authority for backends, and no other.
	 * @return command line arguments
	 */
	public String[] trustSettings() {
		return new String[] { "--spring.ssl.bundle.pem.backends.truststore.certificate=file:" + certificate(),
				"--spring.cloud.gateway.server.webflux.httpclient.ssl.ssl-bundle=backends" };
	}

	/**
	 * Writes its certificate to a file.
	 * @return a file in PEM format
	 */
	public Path certificate() {
		try {
			Path file = Files.createTempFile("authority", ".pem");
			file.toFile().deleteOnExit();
			return Files.writeString(file, this.root.getCertificatePEM());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Writes a trust store with its certificate only.
	 * @param password the password of the store
	 * @return a file in PKCS#12 format
	 */
	public Path trustStore(String password) {
		try {
			KeyStore store = KeyStore.getInstance("PKCS12");
			store.load(null, null);
			store.setCertificateEntry("authority", this.root.getCertificate());
			Path file = Files.createTempFile("authority", ".p12");
			file.toFile().deleteOnExit();
			try (OutputStream out = Files.newOutputStream(file)) {
				store.store(out, password.toCharArray());
			}
			return file;
		}
		catch (IOException | GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
