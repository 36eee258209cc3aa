package dev.weir.config.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class TlsFilesCheckTests {

	@TempDir
	private Path folder;

	@ParameterizedTest
	@ValueSource(strings = { "server.ssl.bundle", "management.server.ssl.bundle",
			"server.ssl.server-name-bundles[0].bundle" })
	void reportsABundleThatDoesNotExist(String property) {
		SettingsFixture settings = SettingsFixture.pool("")
			.property("spring.ssl.bundle.pem.web.truststore.type", "PEM")
			.property(property, "wbe");
		assertThat(settings.report())
			.contains(property + " = wbe (commandLineArgs): is the name of an SSL bundle that does not exist")
			.contains("Did you mean web?");
	}

	@Test
	void namesTheLineOfAMistake() {
		assertThat(SettingsFixture
			.file("server.ssl.bundle: web\nserver.port: 99999\n" + SettingsFixture.ROUTE
					+ "weir.pools.openai.backends: [{name: a, url: 'https://a.example'}]\n"
					+ "spring.ssl.bundle.pem.web.keystore: {certificate: /nowhere/tls.crt}\n")
			.report()).contains("server.port = 99999 (application.yml:2): is not a port")
			.contains("keystore.certificate = /nowhere/tls.crt (application.yml:8): is a file that does not exist");
	}

	@ParameterizedTest
	@CsvSource({ "server.port,70000,false", "server.port,-2,false", "management.server.port,99999,false",
			"server.port,many,false", "server.port,0,true", "server.port,65535,true", "management.server.port,-1,true",
			"server.port,'',true" })
	void aPortIsInRange(String property, String value, boolean valid) {
		SettingsFixture settings = SettingsFixture.pool("").property(property, value);
		if (valid) {
			assertThat(settings.load()).isNotNull();
		}
		else {
			assertThat(settings.report()).contains(property + " = " + value + " (commandLineArgs): is not a port");
		}
	}

	@Test
	void aRedisThatIsNotUsedNeedsNoBundle() {
		SettingsFixture settings = SettingsFixture.pool("").property("spring.data.redis.ssl.bundle", "redis");
		assertThat(settings.load()).isNotNull();
		assertThat(settings.property("weir.state", "redis").report()).contains("spring.data.redis.ssl.bundle = redis");
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.ssl.bundle.pem.web.keystore.certificate",
			"spring.ssl.bundle.pem.web.keystore.private-key", "spring.ssl.bundle.pem.web.truststore.certificate",
			"spring.ssl.bundle.jks.web.keystore.location", "spring.ssl.bundle.jks.web.truststore.location",
			"server.ssl.certificate", "server.ssl.certificate-private-key", "server.ssl.key-store",
			"server.ssl.trust-store", "management.server.ssl.certificate" })
	void reportsAFileThatCannotBeRead(String property) throws IOException {
		String missing = this.folder + "/tls.crt";
		assertThat(SettingsFixture.pool("").property(property, "file:" + missing).report())
			.contains(property + " = file:" + missing + " (commandLineArgs): is a file that does not exist");
		assertThat(SettingsFixture.pool("").property(property, missing).report())
			.contains(property + " = " + missing + " (commandLineArgs): is a file that does not exist");
		Files.createDirectory(Path.of(missing));
		assertThat(SettingsFixture.pool("").property(property, missing).report()).contains(property,
				"is a folder, not a file");
	}

	@Test
	void anotherLocationIsLeftToSpringBoot() throws IOException {
		Path file = Files.createFile(this.folder.resolve("tls.crt"));
		for (String location : new String[] { file.toString(), "file:" + file, "classpath:tls.crt", "base64:AAAA",
				"-----BEGIN CERTIFICATE-----\nMIIB", "" }) {
			assertThat(SettingsFixture.pool("")
				.property("spring.ssl.bundle.pem.web.keystore.certificate", location)
				.load()).as(location).isNotNull();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "false", "off", "NO", "0" })
	void tlsThatIsSwitchedOffNeedsNoFiles(String off) {
		assertThat(SettingsFixture.pool("")
			.property("server.ssl.enabled", off)
			.property("server.ssl.certificate", "/nowhere")
			.property("server.ssl.bundle", "nope")
			.load()).isNotNull();
	}

	@Test
	void filesBesideABundleAreNotUsed() {
		assertThat(SettingsFixture.pool("")
			.property("spring.ssl.bundle.pem.web.truststore.type", "PEM")
			.property("server.ssl.bundle", "web")
			.property("server.ssl.key-store", "/nowhere")
			.load()).isNotNull();
	}

	@Test
	void aKeyInThePlaceOfItsFileIsNotShown() {
		String key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcanarycanarycanarycanarycanary";
		assertThat(SettingsFixture.pool("").property("server.ssl.certificate-private-key", key).report())
			.contains("server.ssl.certificate-private-key (commandLineArgs): is a file that does not exist")
			.doesNotContain("canary");
	}

}
