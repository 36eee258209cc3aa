package dev.weir.config.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.SpringApplication;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.DefaultResourceLoader;

import static org.assertj.core.api.Assertions.assertThat;

class BundledSettingsPostProcessorTests {

	@TempDir
	private Path folder;

	private final StandardEnvironment environment = new StandardEnvironment();

	BundledSettingsPostProcessorTests() {
		add("Config resource 'file [application.yml]' via location 'file:./'", "http://real.example");
	}

	@Test
	void w12UsersSettingsTakePrecedenceOverDefaults() {
		process();
		assertThat(this.environment.getProperty("management.endpoints.access.max-permitted")).isEqualTo("read-only");
		assertThat(this.environment.getProperty("server.port")).isEqualTo("4711");
		assertThat(url()).isEqualTo("http://real.example");
	}

	@Test
	void theDemoCallsSimulatedBackendsOnlyWhateverTheUsersFileContains() {
		this.environment.addActiveProfile("demo");
		process();
		assertThat(url()).isEqualTo("http://127.0.0.1:18081");
	}

	@Test
	void anApplicationFileForTheDemoTakesPrecedence() {
		this.environment.addActiveProfile("demo");
		add("Config resource 'file [application-demo.yml]' via location 'file:./'", "http://127.0.0.1:1");
		process();
		assertThat(url()).isEqualTo("http://127.0.0.1:1");
	}

	@Test
	void theCommandLineTakesPrecedenceInTheDemo() {
		this.environment.addActiveProfile("demo");
		this.environment.getPropertySources()
			.addFirst(new MapPropertySource("commandLineArgs", Map.of("weir.pools.openai.deadline", "7s")));
		process();
		assertThat(new ConfigurationLoader().load(this.environment).pools().get("openai").deadline()).hasSeconds(7);
	}

	@Test
	void weirWatchesTheFilesOfTheListenersBundleUnlessTheUserSaysNo() throws IOException {
		String file = Files.createFile(this.folder.resolve("tls.crt")).toString();
		String prefix = "spring.ssl.bundle.pem.web.";
		addFirst(Map.of("server.ssl.bundle", "web", prefix + "keystore.certificate", file,
				prefix + "keystore.private-key", "file:" + file));
		addFirst(Map.of(prefix + "reload-on-update", "true"));
		process();
		assertThat(this.environment.getProperty(prefix + "reload-on-update")).as("of Spring Boot").isEqualTo("false");
		assertThat(watched()).extracting(ListenerBundle::name).containsExactly("web");
		this.environment.getPropertySources().remove(ListenerBundles.SOURCE);
		for (String no : List.of("false", "off")) {
			addFirst(Map.of(prefix + "reload-on-update", no));
			process();
			assertThat(watched()).isEmpty();
		}
	}

	@Test
	void weirWatchesTheFilesOfABundleForAServerName() throws IOException {
		String file = Files.createFile(this.folder.resolve("tls.p12")).toString();
		for (String name : List.of("a", "b", "c")) {
			addFirst(Map.of("spring.ssl.bundle.jks." + name + ".keystore.location", file));
		}
		addFirst(Map.of("server.ssl.bundle", "a", "server.ssl.server-name-bundles[0].bundle", "b",
				"management.server.ssl.server-name-bundles[1].bundle", "c",
				"management.server.ssl.server-name-bundles[0].bundle", "b"));
		process();
		assertThat(watched()).extracting(ListenerBundle::name).containsExactly("a", "b", "c");
	}

	@Test
	void weirWatchesTheFilesOfABundleThatIsPartlyWrittenInTheConfiguration() throws IOException {
		Path file = Files.createFile(Files.createDirectory(this.folder.resolve("my files")).resolve("tls.crt"));
		String prefix = "spring.ssl.bundle.pem.web.";
		addFirst(Map.of("server.ssl.bundle", "web", prefix + "keystore.certificate", file.toUri().toString(),
				prefix + "truststore.certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"));
		process();
		assertThat(watched()).singleElement().asString().isEqualTo("SSL bundle web (" + file + ")");
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "-----BEGIN CERTIFICATE-----\nMIIB", "classpath:tls.crt", "/nowhere/tls.crt", "${MISSING}" })
	void aBundleThatIsNoFileIsNotWatched(String certificate) {
		addFirst(Map.of("server.ssl.bundle", "web", "spring.ssl.bundle.pem.web.keystore.certificate", certificate));
		process();
		assertThat(this.environment.containsProperty("spring.ssl.bundle.pem.web.reload-on-update")).isFalse();
		assertThat(watched()).isEmpty();
	}

	private List<ListenerBundle> watched() {
		return ListenerBundles.of(this.environment, new DefaultResourceLoader()).watched();
	}

	private void addFirst(Map<String, Object> values) {
		this.environment.getPropertySources().addFirst(new MapPropertySource("test" + values.hashCode(), values));
	}

	private void process() {
		new BundledSettingsPostProcessor().postProcessEnvironment(this.environment, new SpringApplication());
	}

	private String url() {
		return this.environment.getProperty("weir.pools.openai.backends[0].url");
	}

	private void add(String source, String url) {
		Map<String, Object> values = new HashMap<>();
		values.put("server.port", "4711");
		values.put("weir.pools.openai.backends[0].name", "openai1");
		values.put("weir.pools.openai.backends[0].url", url);
		this.environment.getPropertySources().addLast(new MapPropertySource(source, values));
	}

}
