package dev.weir.config.load;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class ConfigurationLinterTests {

	@ParameterizedTest
	@CsvSource({ "http://vllm:8000, k, true", "http://vllm_server, k, true", "http://10.0.0.1, k, true",
			"http://vllm:8000, '', false", "https://vllm, k, false", "http://localhost:8000, k, false",
			"http://[::1]:8000, k, false" })
	void warnsAboutAKeyThatIsSentUnencryptedToAnotherMachine(String url, String key, boolean warned) {
		SettingsFixture settings = SettingsFixture
			.namelessBackend("{name: openai1, url: '" + url + "', api-key: '" + key + "', dialect: openai}");
		assertThat(settings.warnings()).hasSize(warned ? 1 : 0)
			.allSatisfy((warning) -> assertThat(warning).isEqualTo("weir.pools.openai.backends[0].url: sends the key of"
					+ " backend openai1 unencrypted to another machine"));
	}

	@ParameterizedTest
	@CsvSource({ "server.prot, 1, port", "server.adress, 127.0.0.1, address", "server.sll.bundle, web, ssl",
			"server.ssl.bundel, web, bundle", "server.ssl.client-auht, need, client-auth", "wier.max-body, 1MB, weir",
			"management.server.ssl.bundel, web, bundle", "sever.port, 1, server" })
	void warnsAboutAMisspeltNameThatSpringBootIgnores(String name, String value, String known) {
		SettingsFixture settings = SettingsFixture.pool("").property(name, value);
		assertThat(settings.warnings()).singleElement()
			.asString()
			.endsWith(": is not a property that Weir or Spring Boot reads");
		assertThat(settings.cures()).containsExactly("Did you mean " + known + "?");
	}

	@ParameterizedTest
	@ValueSource(strings = { "server.name", "server.ssl.enabled-protocols", "server.ssl.keyAlias",
			"server.netty.max-chunk", "server.ssl.serverNameBundles", "my.port", "server.http2.enabled",
			"server.error.path", "server.sslBundleName", "worker.url", "server.tomcat.x" })
	void doesNotWarnAboutOtherNames(String name) {
		assertThat(SettingsFixture.pool("").property(name, "x").warnings()).isEmpty();
		assertThat(SettingsFixture.pool("").variable("SERVER_PROT", "x").warnings()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "[]", "", "''" })
	void warnsAboutAnEmptyListOfClients(String empty) {
		assertThat(SettingsFixture.pool("").property("weir.clients", "").warnings())
			.containsExactly("weir.clients: is present, but empty, so that requests need no key");
		String yaml = "pools.openai.backends: [{name: a, url: 'https://x.example'}]\nclients: " + empty + "\n";
		assertThat(SettingsFixture.weir(yaml).warnings())
			.containsExactly("weir.clients: is present, but empty, so that requests need no key");
		assertThat(SettingsFixture.weir(yaml + "open: true").warnings()).isEmpty();
	}

	@Test
	void warnsAboutAKeyThatIsProbablyAHash() {
		String hash = "0123456789abcdefABCDEF0123456789".repeat(2);
		String yaml = "pools.openai.backends: [{name: a, url: 'https://x.example'}]\nclients: [{name: a, key: '%s'}]\n";
		assertThat(SettingsFixture.weir(yaml.formatted(hash)).warnings())
			.containsExactly("weir.clients[0].key: has 64 hexadecimal digits, as the SHA-256 of a key has");
		assertThat(SettingsFixture.weir(yaml.formatted(hash + "0")).warnings()).isEmpty();
	}

	@Test
	void warnsAboutAPoolWithoutARoute() {
		assertThat(SettingsFixture.weir("""
				pools:
				  openai:
				    backends: [{name: a, url: 'https://a.example'}]
				  other:
				    backends: [{name: b, url: 'https://b.example'}]
				""").warnings()).containsExactly("weir.pools.other: is a pool without a route");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "filters: [Retry=3]|filters[0]",
			"filters: [{name: Retry, args: {retries: 3}}]|filters[0].name", "filters: [Retry]|filters[0]" })
	void warnsAboutARetryFilterOnARouteToAPool(String filters, String at) {
		assertThat(SettingsFixture.file("""
				spring.cloud.gateway.server.webflux.routes:
				  - id: a
				    uri: lb://openai/
				    predicates: [Path=/**]
				    %s
				weir.pools.openai.backends: [{name: a, url: 'https://a.example'}]
				""".formatted(filters)).warnings()).singleElement()
			.asString()
			.startsWith("spring.cloud.gateway.server.webflux.routes[0]." + at
					+ ": is the filter Retry, which repeats all attempts of a request");
	}

	@Test
	void warnsOnceAboutARetryFilterOnAllRoutes() {
		assertThat(SettingsFixture.pool("")
			.property("spring.cloud.gateway.server.webflux.default-filters[0]", "Retry=3")
			.warnings()).singleElement().asString().contains("default-filters[0]: is the filter Retry");
	}

	@Test
	void warnsAboutARouteToAHostWithTheNameOfAPool() {
		assertThat(SettingsFixture.pool("")
			.property("spring.cloud.gateway.server.webflux.routes[0].uri", "http://openai:80/x")
			.property("spring.cloud.gateway.server.webflux.routes[0].predicates[0]", "Path=/**")
			.warnings())
			.containsExactly("spring.cloud.gateway.server.webflux.routes[0].uri: calls a host with the name of a pool",
					"weir.pools.openai: is a pool without a route");
	}

	@Test
	void warnsAboutTwoRoutesWithTheSameId() {
		String routes = "spring.cloud.gateway.server.webflux.routes";
		assertThat(SettingsFixture.pool("")
			.property(routes + "[0].id", "a")
			.property(routes + "[0].uri", "lb://openai")
			.property(routes + "[0].predicates[0]", "Path=/a/**")
			.property(routes + "[1].id", "a")
			.property(routes + "[1].uri", "lb://openai")
			.property(routes + "[1].predicates[0]", "Path=/b/**")
			.warnings()).containsExactly(routes + "[1].id: is also the id of another route");
	}

	@Test
	void warnsAboutNothingElse() {
		assertThat(SettingsFixture.pool("").warnings()).isEmpty();
	}

	@Test
	void aClientWithoutAPoolAndWithAPastDateIsProbablyAMistake() {
		assertThat(SettingsFixture.weir("""
				pools.openai.backends[0]: {name: a, url: 'https://a.example'}
				clients:
				  - {name: a, key: key-of-16-letters, pools: [opnai], expires: '2020-01-01'}
				  - {name: b, key: another-key-of-20-letters, pools: ['open*'], expires: '2999-01-01'}
				operators:
				  - {name: c, key: third-key-of-20-letters, expires: '2020-01-01'}
				""").warnings()).containsExactly("weir.clients[0].pools: names no pool with opnai",
				"weir.clients[0].expires: is over (2020-01-01), so that its keys are refused",
				"weir.operators[0].expires: is over (2020-01-01), so that its keys are refused");
	}

	@Test
	void aLimitThatIsNeverReachedIsProbablyAMistake() {
		assertThat(SettingsFixture.weir("""
				pools.openai.backends[0]: {name: a, url: 'https://a.example'}
				clients:
				  - name: a
				    key: key-of-16-letters
				    tokens-per-minute: 1000
				    tokens-per-day: 999
				    limits:
				      - {model: o3, tokens-per-minute: 1001}
				      - {model: o4, tokens-per-minute: 1000, tokens-per-day: 999}
				  - {name: b, key: another-key-of-20-letters, tokens-per-minute: 10, tokens-per-day: 10}
				""").warnings()).containsExactly(
				"weir.clients[0].tokens-per-minute: is never reached: it is 1000, and tokens-per-day is 999",
				"weir.clients[0].limits[0].tokens-per-minute: is never reached: it is 1001, and tokens-per-minute of the"
						+ " client is 1000",
				"weir.clients[0].limits[1].tokens-per-minute: is never reached: it is 1000, and tokens-per-day is 999");
	}

	@Test
	void aBackendThatIsKeptForClientsWithoutAnyIsProbablyAMistake() {
		assertThat(SettingsFixture.weir("""
				pools.openai.backends[0]: {name: a, url: 'https://a.example', for: [high]}
				""").warnings()).containsExactly(
				"weir.pools.openai.backends[0].for: keeps the backend for clients with a priority, but there are no clients");
	}

	@Test
	void aBackendThatNoClientMayUseAndAClientWithoutABackendAreProbablyMistakes() {
		assertThat(SettingsFixture.weir("""
				pools.openai.backends[0]: {name: a, url: 'https://a.example', for: 'low, normal'}
				pools.openai.backends[1]: {name: b, url: 'https://b.example', for: low}
				clients:
				  - {name: a, key: key-of-16-letters, priority: high}
				  - {name: b, key: another-key-of-20-letters}
				""").warnings()).containsExactly(
				"weir.pools.openai.backends[1].for: keeps the backend for clients of which there are none that may use the pool",
				"weir.clients[0].priority: leaves the client no backend in pool openai, because all of them are kept for"
						+ " others, so that it gets 403");
	}

}
