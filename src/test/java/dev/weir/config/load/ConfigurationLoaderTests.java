package dev.weir.config.load;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;

import org.junit.jupiter.api.Test;

import org.springframework.util.unit.DataSize;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.CooldownProperties;
import dev.weir.config.PoolProperties;
import dev.weir.config.RetryBudgetProperties;
import dev.weir.config.Secret;
import dev.weir.config.WeirProperties;

import static org.assertj.core.api.Assertions.assertThat;

class ConfigurationLoaderTests {

	@Test
	void allPropertiesButNameAndUrlHaveDefaults() {
		WeirProperties properties = SettingsFixture.backend("").load();
		assertThat(properties.maxBody()).isEqualTo(DataSize.ofMegabytes(32));
		PoolProperties pool = properties.pools().get("openai");
		assertThat(pool.deadline()).isEqualTo(Duration.ofMinutes(10));
		assertThat(pool.cooldown())
			.isEqualTo(new CooldownProperties(Duration.ofSeconds(10), Duration.ofMinutes(1), Duration.ofMinutes(5)));
		assertThat(pool.retryBudget()).isEqualTo(new RetryBudgetProperties(20, 10));
		assertThat(pool.backends()).containsExactly(new BackendProperties("openai1", URI.create("https://one.example"),
				null, null, 1, 1, 100_000, null, Map.of(), null, null, Set.of()));
	}

	@Test
	void readsEveryProperty() {
		WeirProperties properties = SettingsFixture.weir("""
				max-body: 1MB
				pools:
				  openai:
				    deadline: 1m
				    connectTimeout: 1500ms
				    response_timeout: PT30S
				    cooldown: {default: 1s, max: 2s, refusal: 3s}
				    retry-budget: {percent: 5, min-per-second: 1}
				    forward-headers: [x-one, X-Two]
				    backends:
				      - name: a
				        url: https://a.openai.azure.com/openai
				        api-key: ' k '
				        api-key-header: x-key
				        priority: 2
				        weight: 3
				        dialect: Azure
				        models: {gpt-4o: four}
				        api-version: 2024-10-21
				        scope: https://ai.azure.com/.default
				      - {name: b, url: 'http://localhost:8080'}
				""").load();
		PoolProperties pool = properties.pools().get("openai");
		assertThat(properties.maxBody()).isEqualTo(DataSize.ofMegabytes(1));
		assertThat(pool.connectTimeout()).isEqualTo(Duration.ofMillis(1500));
		assertThat(pool.responseTimeout()).isEqualTo(Duration.ofSeconds(30));
		assertThat(pool.cooldown().defaultDuration()).isEqualTo(Duration.ofSeconds(1));
		assertThat(pool.retryBudget()).isEqualTo(new RetryBudgetProperties(5, 1));
		assertThat(pool.forwardHeaders()).containsExactlyInAnyOrder("x-one", "X-Two");
		assertThat(pool.backends()).extracting(BackendProperties::name).containsExactly("a", "b");
		assertThat(pool.backends().get(0))
			.isEqualTo(new BackendProperties("a", URI.create("https://a.openai.azure.com/openai"), Secret.of("k"),
					"x-key", 2, 3, 100_000, BackendDialect.AZURE, Map.of("gpt-4o", "four"), "2024-10-21",
					"https://ai.azure.com/.default", Set.of()));
	}

	@Test
	void reportsAllMistakesAtOnceInTheOrderOfTheFile() {
		assertThat(SettingsFixture.file("""
				spring.cloud.gateway.server.webflux.routes:
				  - predicates: [Path=/**]
				    uri: lb://opnai
				weir:
				  max-body: lots
				  pools:
				    openai:
				      deadline: 3 parsecs
				      backends:
				        - name: openai1
				          url: https://user:hunter2@one.example
				          api-key: sk-canary
				          priority: high
				        - nmae: openai2
				        - name: openai1
				          weight: 0
				""").report()).isEqualTo(
				"""
						Weir's configuration has 11 mistakes:

						spring.cloud.gateway.server.webflux.routes[0].uri = lb://opnai (application.yml:3): refers to a pool that does not exist
						    Did you mean lb://openai? The pools are openai.

						weir.max-body = lots (application.yml:5): must be a size from 1KB to 1GB
						    Write a whole number and a unit, B, KB, MB or GB: 512KB, 32MB.

						weir.pools.openai.deadline = 3 parsecs (application.yml:8): must be a duration from 1ms to 1h
						    Write a whole number and a unit, ms, s, m, h or d: 1500ms, 10s, 5m.

						weir.pools.openai.backends[0].url = https://(hidden)@one.example (application.yml:11): must not contain a user or a password
						    Put the credential into api-key.

						weir.pools.openai.backends[0].priority = high (application.yml:13): must be a whole number from 1 to 100
						    Write such a number in digits.

						weir.pools.openai.backends[1].nmae (application.yml:14): there is no such property
						    Did you mean name?

						weir.pools.openai.backends[1].name (application.yml:14): is missing
						    Give the backend a name, such as openai1.

						weir.pools.openai.backends[1].url (application.yml:14): is missing
						    Write the address of the backend, such as https://my-east.openai.azure.com.

						weir.pools.openai.backends[2].url (application.yml:15): is missing
						    Write the address of the backend, such as https://my-east.openai.azure.com.

						weir.pools.openai.backends[2].name = openai1 (application.yml:15): is already the name of weir.pools.openai.backends[0]
						    Change one of the names. They must differ in all pools.

						weir.pools.openai.backends[2].weight = 0 (application.yml:16): must be a whole number from 1 to 1000
						    Write such a number in digits.
						""");
	}

	@Test
	void explainsTheFirstStepsIfNothingIsConfigured() {
		InvalidConfigurationException failure = SettingsFixture.file("spring.application.name: weir").failure();
		assertThat(failure.problems()).containsExactly(NoBackendCheck.PROBLEM);
		assertThat(failure.report()).contains("url: https://my-resource.openai.azure.com")
			.contains("BACKEND_1_URL")
			.contains("-Dspring-boot.run.profiles=demo");
	}

	@Test
	void explainsTheFirstStepsIfThePoolsAreEmpty() {
		assertThat(SettingsFixture.weir("pools:\n  openai:\n    deadline: 1m").failure().problems())
			.containsExactly(NoBackendCheck.PROBLEM);
	}

	@Test
	void reportsMisspeltPoolsInsteadOfTheFirstSteps() {
		assertThat(SettingsFixture.weir("pool:\n  openai:\n    deadline: 1m").mistakes())
			.containsExactly("weir.pool: there is no such property");
	}

	@Test
	void ignoresTheSettingsOfTheSimulator() {
		assertThat(SettingsFixture.pool("").property("weir.simulator.backends[0].seed", "7").load()).isNotNull();
	}

	@Test
	void ignoresVariablesThatAPlatformSetsForAServiceWithTheNameWeir() {
		assertThat(SettingsFixture.pool("").variable("WEIR_PORT", "tcp://10.0.0.1:80").load()).isNotNull();
	}

	@Test
	void variablesTakePrecedenceOverTheFile() {
		assertThat(SettingsFixture.pool("deadline: 1m").variable("WEIR_POOLS_OPENAI_DEADLINE", "2m").pool().deadline())
			.isEqualTo(Duration.ofMinutes(2));
	}

	@Test
	void reportsAnInvalidValueOfAVariable() {
		assertThat(SettingsFixture.pool("").variable("WEIR_POOLS_OPENAI_DEADLINE", "soon").report())
			.contains("weir.pools.openai.deadline = soon (");
	}

	@Test
	void resolvesReferences() {
		assertThat(SettingsFixture.backend("api-key: ${KEY_1:}\napi-version: ${VERSION:}\npriority: ${TIER}")
			.variable("TIER", "7")
			.firstBackend()).satisfies((backend) -> {
				assertThat(backend.apiKey()).isEqualTo(Secret.of(""));
				assertThat(backend.apiVersion()).isNull();
				assertThat(backend.priority()).isEqualTo(7);
			});
	}

	@Test
	void keepsTheOrderOfPools() {
		String pools = "pools:\n";
		for (String name : new String[] { "openai", "zeta", "alpha", "my-pool" }) {
			pools += "  " + name + ":\n    backends: [{name: " + name + ", url: 'https://x.example'}]\n";
		}
		assertThat(SettingsFixture.weir(pools).load().pools()).containsOnlyKeys("openai", "zeta", "alpha", "my-pool")
			.extracting(Map::keySet)
			.asString()
			.isEqualTo("[openai, zeta, alpha, my-pool]");
	}

	@Test
	void anEmptySectionCountsAsNotSet() {
		assertThat(
				SettingsFixture.weir("pools:\n  openai:\n    cooldown:\n    forward-headers:\n    backends:\nmax-body:")
					.property("weir.pools.openai.backends[0].name", "openai1")
					.property("weir.pools.openai.backends[0].url", "https://one.example")
					.load()
					.maxBody())
			.isEqualTo(DataSize.ofMegabytes(32));
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE + "weir:")
			.property("weir.pools.openai.backends[0].name", "openai1")
			.property("weir.pools.openai.backends[0].url", "https://one.example")
			.load()).isNotNull();
	}

	@Test
	void reportsAValueInPlaceOfASection() {
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE + "weir: on").mistakes())
			.containsExactly("weir: must have properties below it");
		assertThat(SettingsFixture.weir("pools: on").mistakes()).containsExactly("weir.pools: must be a map");
	}

}
