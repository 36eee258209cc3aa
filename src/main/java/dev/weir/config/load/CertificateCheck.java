package dev.weir.config.load;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.web.server.Ssl;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.StringUtils;

import dev.weir.config.CertificateName;
import dev.weir.config.ClientProperties;
import dev.weir.config.ListenerTls;

/**
 * Checks the certificates of clients. A certificate proves something only if the listener
 * verifies it against a trust store that has the user's authorities and no others.
 */
final class CertificateCheck {

	private static final String CURE = """
			Let the listener ask for certificates and verify them:

			  server.ssl:
			    bundle: web
			    client-auth: want          # need refuses clients without a certificate
			  spring.ssl.bundle.pem.web:
			    keystore: {certificate: /tls/tls.crt, private-key: /tls/tls.key}
			    truststore: {certificate: /tls/clients-ca.crt}""";

	/** If all of them are empty, Spring Boot creates no store. */
	private static final List<String> PARTS_OF_STORE = List.of("certificate", "private-key", "location", "type",
			"provider");

	private final ProblemCollector problems;

	CertificateCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurableEnvironment environment, List<ClientProperties> clients) {
		Map<CertificateName, ConfigurationPropertyName> known = new HashMap<>();
		boolean verified = clients.stream().allMatch((client) -> client.certificates().isEmpty())
				|| isVerified(environment);
		for (int i = 0; i < clients.size(); i++) {
			ConfigurationPropertyName at = SettingTree.ROOT.append("clients[" + i + "].certificates");
			for (String name : clients.get(i).certificates()) {
				checkName(at, name, known);
			}
			if (!verified && !clients.get(i).certificates().isEmpty()) {
				this.problems.report(at, "has no effect, because the listener verifies no certificates of clients",
						CURE);
			}
		}
	}

	private void checkName(ConfigurationPropertyName at, String text,
			Map<CertificateName, ConfigurationPropertyName> known) {
		CertificateName name;
		try {
			name = CertificateName.parse(text);
		}
		catch (IllegalArgumentException ex) {
			this.problems.report(at, "has a name that no certificate has (" + text + ")",
					"Write a DNS name, a URI, an email address, a subject such as CN=chat,O=Example, or a SHA-256"
							+ " fingerprint. openssl x509 -noout -subject -nameopt RFC2253 -ext subjectAltName"
							+ " -fingerprint -sha256 -in FILE prints them.");
			return;
		}
		ConfigurationPropertyName other = known.putIfAbsent(name, at);
		if (other != null && !other.equals(at)) {
			this.problems.report(at, "names a certificate that " + other.getParent() + " names, too",
					"Name it in one entry only.");
		}
	}

	private static boolean isVerified(ConfigurableEnvironment environment) {
		try {
			return listener(environment).verifiesClients();
		}
		catch (BindException ex) {
			// Spring Boot reports this mistake itself
			return true;
		}
	}

	/**
	 * Reads how a listener with these settings treats certificates of clients. Without a
	 * trust store of the user, any authority that the JDK trusts could sign a certificate
	 * with the name of a client.
	 * @param environment the settings
	 * @return whether a certificate proves who the client is
	 * @throws BindException if a setting has no valid value
	 */
	static ListenerTls listener(ConfigurableEnvironment environment) {
		Binder binder = Binder.get(environment);
		Ssl ssl = binder.bind("server.ssl", Ssl.class).orElse(null);
		if (ssl == null || !Ssl.isEnabled(ssl) || ssl.getClientAuth() == null
				|| ssl.getClientAuth() == Ssl.ClientAuth.NONE) {
			return new ListenerTls(false);
		}
		return new ListenerTls(
				StringUtils.hasText(ssl.getBundle()) ? hasTrustStore(binder, ssl.getBundle()) : hasTrustStore(ssl));
	}

	/** As Spring Boot, a certificate takes precedence over a store, also an empty one. */
	private static boolean hasTrustStore(Ssl ssl) {
		return (ssl.getTrustCertificate() != null) ? StringUtils.hasText(ssl.getTrustCertificate())
				: StringUtils.hasText(ssl.getTrustStore()) || "PKCS11".equals(ssl.getTrustStoreType());
	}

	private static boolean hasTrustStore(Binder binder, String bundle) {
		return Stream.of("pem", "jks")
			.map((type) -> ListenerBundles.properties(type, bundle).append("truststore"))
			.flatMap((store) -> PARTS_OF_STORE.stream().map(store::append))
			.anyMatch((part) -> StringUtils.hasText(binder.bind(part, Bindable.of(String.class)).orElse("")));
	}

}
