package dev.weir.config;

import java.util.Locale;
import java.util.regex.Pattern;

import javax.security.auth.x500.X500Principal;

/**
 * By what a client certificate is recognized. Names are equal if they mean the same
 * certificates, however they are written.
 *
 * @param kind what is compared
 * @param value the normalized value
 */
public record CertificateName(Kind kind, String value) {

	private static final Pattern FINGERPRINT = Pattern.compile("\\p{XDigit}{64}|\\p{XDigit}{2}(:\\p{XDigit}{2}){31}");

	/**
	 * Reads a name as users write it.
	 * @param text a SHA-256 fingerprint in hexadecimal digits, with or without colons; a
	 * URI with {@code ://}; a distinguished name with {@code =} (RFC 2253); or else a DNS
	 * name or an email address
	 * @return the name
	 * @throws IllegalArgumentException if the text is empty or no valid distinguished
	 * name
	 */
	public static CertificateName parse(String text) {
		String name = text.strip();
		if (name.isEmpty()) {
			throw new IllegalArgumentException("The name is empty");
		}
		if (FINGERPRINT.matcher(name).matches()) {
			return new CertificateName(Kind.FINGERPRINT, name.replace(":", "").toLowerCase(Locale.ROOT));
		}
		if (name.contains("://")) {
			return uri(name);
		}
		if (name.contains("=")) {
			return subject(new X500Principal(name));
		}
		return name.contains("@") ? email(name) : dns(name);
	}

	/**
	 * The SHA-256 hash of a certificate.
	 * @param hex 64 hexadecimal digits in lower case
	 * @return the name
	 */
	public static CertificateName fingerprint(String hex) {
		return new CertificateName(Kind.FINGERPRINT, hex);
	}

	/**
	 * The subject of a certificate.
	 * @param subject the distinguished name
	 * @return the name
	 */
	public static CertificateName subject(X500Principal subject) {
		return new CertificateName(Kind.SUBJECT, subject.getName(X500Principal.CANONICAL));
	}

	/**
	 * A subject alternative name of the type URI, such as a SPIFFE id.
	 * @param uri the URI, compared as it is
	 * @return the name
	 */
	public static CertificateName uri(String uri) {
		return new CertificateName(Kind.URI, uri);
	}

	/**
	 * A subject alternative name of the type DNS name.
	 * @param name the name
	 * @return the name, which has no wildcards
	 */
	public static CertificateName dns(String name) {
		return new CertificateName(Kind.DNS, name.toLowerCase(Locale.ROOT));
	}

	/**
	 * A subject alternative name of the type email address.
	 * @param address the address
	 * @return the name
	 */
	public static CertificateName email(String address) {
		return new CertificateName(Kind.EMAIL, address.toLowerCase(Locale.ROOT));
	}

	/**
	 * A part of a certificate. One that a stranger may have chosen, such as a common name
	 * alone, is none.
	 */
	public enum Kind {

		/** The hash of the whole certificate. */
		FINGERPRINT,

		/** The whole distinguished name of the subject. */
		SUBJECT,

		/** A subject alternative name of the type URI. */
		URI,

		/** A subject alternative name of the type DNS name. */
		DNS,

		/** A subject alternative name of the type email address. */
		EMAIL

	}

}
