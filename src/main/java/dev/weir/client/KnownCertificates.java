package dev.weir.client;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

import dev.weir.config.CertificateName;
import dev.weir.config.ClientProperties;
import dev.weir.request.Client;

/**
 * The client of each certificate in one configuration. It never changes.
 */
final class KnownCertificates {

	// types of subject alternative names, RFC 5280, section 4.2.1.6
	private static final int EMAIL = 1;

	private static final int DNS = 2;

	private static final int URI = 6;

	private static final int MAX_CACHED = 10_000;

	private final Map<CertificateName, Client> clients = new HashMap<>();

	/** A connection has the same object for all of its requests. */
	private final Cache<X509Certificate, Optional<Client>> found = Caffeine.newBuilder()
		.weakKeys()
		.maximumSize(MAX_CACHED)
		.build();

	/**
	 * Collects the certificates.
	 * @param named the valid settings of clients
	 * @param clients the client of each name
	 */
	KnownCertificates(List<ClientProperties> named, Function<String, @Nullable Client> clients) {
		for (ClientProperties settings : named) {
			Client client = clients.apply(settings.name());
			if (client != null) {
				settings.certificates().forEach((name) -> this.clients.put(CertificateName.parse(name), client));
			}
		}
	}

	boolean isEmpty() {
		return this.clients.isEmpty();
	}

	/**
	 * The client that a certificate belongs to.
	 * @param certificate the certificate, verified by the listener
	 * @return the client of its fingerprint, else of its subject, else of its first
	 * subject alternative name that is known, or {@code null} if there is none
	 */
	@Nullable Client client(X509Certificate certificate) {
		return this.found.get(certificate, this::find).orElse(null);
	}

	private Optional<Client> find(X509Certificate certificate) {
		for (CertificateName name : names(certificate)) {
			Client client = this.clients.get(name);
			if (client != null) {
				return Optional.of(client);
			}
		}
		return Optional.empty();
	}

	private static List<CertificateName> names(X509Certificate certificate) {
		List<CertificateName> names = new ArrayList<>();
		try {
			names.add(CertificateName.fingerprint(
					HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()))));
			names.add(CertificateName.subject(certificate.getSubjectX500Principal()));
			Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
			if (alternatives != null) {
				alternatives.forEach((alternative) -> addTo(names, alternative));
			}
		}
		catch (CertificateParsingException | CertificateEncodingException ex) {
			// a part that cannot be read names no client
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
		return names;
	}

	private static void addTo(List<CertificateName> names, List<?> alternative) {
		if (alternative.get(0) instanceof Integer type && alternative.get(1) instanceof String value) {
			switch (type) {
				case EMAIL -> names.add(CertificateName.email(value));
				case DNS -> names.add(CertificateName.dns(value));
				case URI -> names.add(CertificateName.uri(value));
				default -> {
				}
			}
		}
	}

}
