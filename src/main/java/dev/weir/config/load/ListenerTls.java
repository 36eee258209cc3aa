package dev.weir.config.load;

import java.util.List;
import java.util.Map;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.web.server.Ssl;
import org.springframework.core.env.Environment;

/**
 * The TLS settings of the listener, as Spring Boot reads them.
 */
public final class ListenerTls {

	private ListenerTls() {
	}

	/**
	 * Whether the listener asks clients for certificates and verifies them against a
	 * trust store of the user. Without one, any authority that the JDK trusts could sign
	 * a certificate with the name of a client.
	 * @param environment the settings with which the listener starts
	 * @return whether a certificate proves who the client is
	 * @throws org.springframework.boot.context.properties.bind.BindException if a setting
	 * has no valid value
	 */
	public static boolean verifiesClients(Environment environment) {
		Binder binder = Binder.get(environment);
		Ssl ssl = binder.bind("server.ssl", Ssl.class).orElse(null);
		if (ssl == null || !Ssl.isEnabled(ssl) || ssl.getClientAuth() == null
				|| ssl.getClientAuth() == Ssl.ClientAuth.NONE) {
			return false;
		}
		return (ssl.getBundle() != null) ? hasTrustStore(binder, ssl.getBundle())
				: ssl.getTrustStore() != null || ssl.getTrustCertificate() != null;
	}

	private static boolean hasTrustStore(Binder binder, String bundle) {
		return List.of("pem", "jks")
			.stream()
			.map((type) -> ConfigurationPropertyName.of("spring.ssl.bundle").append(type))
			.map((type) -> BracketNotation.append(type, bundle).append("truststore"))
			.anyMatch((store) -> !binder.bind(store, Bindable.mapOf(String.class, String.class))
				.orElse(Map.of())
				.isEmpty());
	}

}
