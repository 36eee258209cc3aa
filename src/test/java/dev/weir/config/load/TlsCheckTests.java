package dev.weir.config.load;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class TlsCheckTests {

	private static final String SSL = "spring.cloud.gateway.server.webflux.httpclient.ssl.";

	@ParameterizedTest
	@ValueSource(strings = { "true", "TRUE", "on", "yes", "1", "${TRUST_ALL:true}" })
	void reportsThatAnyCertificateIsAccepted(String value) {
		assertThat(SettingsFixture.pool("").property(SSL + "use-insecure-trust-manager", value).report())
			.contains(SSL + "use-insecure-trust-manager = ")
			.contains("would let any server pose as a backend and receive its key")
			.contains("spring.ssl.bundle.pem.NAME.truststore.certificate");
	}

	@Test
	void reportsTheVariableThatAcceptsAnyCertificate() {
		assertThat(SettingsFixture.pool("")
			.variable("SPRING_CLOUD_GATEWAY_SERVER_WEBFLUX_HTTPCLIENT_SSL_USEINSECURETRUSTMANAGER", "true")
			.report()).contains("would let any server pose as a backend");
	}

	@ParameterizedTest
	@ValueSource(strings = { "false", "off", "" })
	void acceptsValuesThatKeepCertificatesVerified(String value) {
		assertThat(SettingsFixture.pool("").property(SSL + "use-insecure-trust-manager", value).load()).isNotNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "pem", "jks" })
	void acceptsABundleThatExists(String type) {
		assertThat(SettingsFixture.pool("")
			.property(SSL + "ssl-bundle", "my-authority")
			.property("spring.ssl.bundle." + type + ".my-authority.truststore.type", "PKCS12")
			.load()).isNotNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "my-autority", "My-Authority" })
	void reportsABundleWhoseNameDiffers(String name) {
		assertThat(SettingsFixture.pool("")
			.property(SSL + "ssl-bundle", name)
			.property("spring.ssl.bundle.pem.my-authority.truststore.certificate", "file:ca.pem")
			.report())
			.contains(SSL + "ssl-bundle = " + name
					+ " (commandLineArgs): is the name of an SSL bundle that does not exist")
			.contains("Did you mean my-authority?");
	}

	@Test
	void reportsABundleIfThereIsNone() {
		assertThat(SettingsFixture.pool("").property(SSL + "ssl-bundle", "mine").report())
			.contains("is the name of an SSL bundle that does not exist")
			.contains("Define spring.ssl.bundle.pem.mine.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "trusted-x509-certificates", "trusted-x509-certificates[0]" })
	void reportsCertificatesThatWouldReplaceTheBundle(String property) {
		assertThat(SettingsFixture.pool("")
			.property(SSL + "ssl-bundle", "mine")
			.property("spring.ssl.bundle.pem.mine.truststore.certificate", "file:ca.pem")
			.property(SSL + property, "file:other.pem")
			.report()).contains("would replace the bundle mine");
	}

	@Test
	void acceptsCertificatesWithoutABundle() {
		assertThat(SettingsFixture.pool("").property(SSL + "trusted-x509-certificates", "file:other.pem").load())
			.isNotNull();
	}

}
