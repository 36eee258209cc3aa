package dev.weir.config.load;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class SettingsCheckTests {

	private static final String POOL = "weir.pools.openai";

	private static final String BACKEND = POOL + ".backends[0]";

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					priority: 0        | .priority = 0: must be a whole number from 1 to 100
					priority: 101      | .priority = 101: must be a whole number from 1 to 100
					priority: 1.5      | .priority = 1.5: must be a whole number from 1 to 100
					priority: 99999999999 | .priority = 99999999999: must be a whole number from 1 to 100
					weight: 0          | .weight = 0: must be a whole number from 1 to 1000
					weight: 1001       | .weight = 1001: must be a whole number from 1 to 1000
					max-concurrent: 0  | .max-concurrent = 0: must be a whole number from 1 to 100000
					dialect: gemini    | .dialect = gemini: must be one of azure, openai
					api-version: v1    | .api-version = v1: must be an Azure api-version
					api-version: 2024-10-21-beta | .api-version = 2024-10-21-beta: must be an Azure api-version
					scope: a b         | .scope = a b: must be a URI without spaces
					scope: ''          | .scope: must be a URI without spaces
					prioritty: 1       | .prioritty: there is no such property
					priority: {a: 1}   | .priority.a: is not allowed here: weir.pools.openai.backends[0].priority has a single value
					api-key: '${KEY1}' | .api-key: refers to KEY1, which is not set
					""")
	void reportsInvalidPropertiesOfABackend(String yaml, String mistake) {
		assertThat(SettingsFixture.backend(yaml).mistakes()).containsExactly(BACKEND + mistake);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					deadline: 0ms           | .deadline = 0ms: must be a duration from 1ms to 1h
					deadline: -1s           | .deadline = -1s: must be a duration from 1ms to 1h
					deadline: 61m           | .deadline = 61m: must be a duration from 1ms to 1h
					connect-timeout: 61s    | .connect-timeout = 61s: must be a duration from 1ms to 1m
					response-timeout: 2h    | .response-timeout = 2h: must be a duration from 1ms to 1h
					first-event-timeout: 0s | .first-event-timeout = 0s: must be a duration from 1ms to 1h
					stream-idle-timeout: 2h | .stream-idle-timeout = 2h: must be a duration from 1ms to 1h
					max-wait: 61s           | .max-wait = 61s: must be a duration from 0ms to 1m
					max-waiting: -1         | .max-waiting = -1: must be a whole number from 0 to 100000
					strategy: random        | .strategy = random: must be one of weighted, least-busy, fastest, most-headroom, cache-affine
					resume: perhaps         | .resume = perhaps: must be true or false
					response-timeout: 60    | .response-timeout = 60: has no unit and would mean milliseconds
					response-timeout: '${SECONDS:60}' | .response-timeout = 60: has no unit and would mean milliseconds
					cooldown: {default: 5}  | .cooldown.default = 5: has no unit and would mean milliseconds
					cooldown: {max: 2h}     | .cooldown.max = 2h: must be a duration from 1ms to 1h
					cooldown: {refusal: 2d} | .cooldown.refusal = 2d: must be a duration from 1ms to 1d
					cooldown: {default: 61s} | .cooldown.default = 61s: must not be longer than cooldown.max
					cooldown: {max: 9s}     | .cooldown.default: must not be longer than cooldown.max
					cooldown: 10s           | .cooldown: must have properties below it
					retry-budget: {percent: 101} | .retry-budget.percent = 101: must be a whole number from 0 to 100
					retry-budget: {percent: 20%} | .retry-budget.percent = 20%: must be a whole number from 0 to 100
					retry-budget: {min-per-second: 1001} | .retry-budget.min-per-second = 1001: must be a whole number from 0 to 1000
					forward-headers: [a, b, c, d, e] | .forward-headers: must have at most 4 headers
					forward-headers: ['x: y']        | .forward-headers: must contain valid header names only
					""")
	void reportsInvalidPropertiesOfAPool(String yaml, String mistake) {
		assertThat(SettingsFixture.pool(yaml).mistakes()).containsExactly(POOL + mistake);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			x key  | .api-key-header = x key: must be a valid header name
			Host   | .api-key-header = Host: must not be host, which belongs to one connection
			accept | .api-key-header = accept: must not be accept, which has another meaning
			''     | .api-key-header: must be a valid header name
			""")
	void reportsAHeaderThatCannotCarryAKey(String header, String mistake) {
		assertThat(SettingsFixture.backend("api-key: k\napi-key-header: '" + header + "'").mistakes())
			.containsExactly(BACKEND + mistake);
	}

	@Test
	void reportsANumberWithoutAUnitUnlessItIsZero() {
		assertThat(SettingsFixture.pool("max-wait: 0").pool().maxWait()).isZero();
		assertThat(SettingsFixture.pool("").variable("WEIR_POOLS_OPENAI_DEADLINE", "90").report())
			.contains("weir.pools.openai.deadline = 90 (systemEnvironment): has no unit")
			.contains("90s for seconds");
		assertThat(SettingsFixture.pool("").property("weir.max-body", "64").report())
			.contains("weir.max-body = 64 (commandLineArgs): has no unit and would mean bytes")
			.contains("64MB for megabytes");
	}

	@Test
	void reportsPrioritiesThatDoNotExist() {
		assertThat(SettingsFixture.backend("for: urgent").mistakes())
			.containsExactly(BACKEND + ".for: must be a list of high, normal, low");
		assertThat(SettingsFixture.backend("for: [high, urgent]").mistakes())
			.containsExactly(BACKEND + ".for[1] = urgent: must be one of high, normal, low");
		assertThat(SettingsFixture.weir("""
				pools.openai.backends[0]: {name: a, url: 'https://a.example', for: urgent}
				clients[0]: {name: a, key: key-of-16-letters, priority: urgent}
				""").mistakes()).hasSize(2);
	}

	@Test
	void reportsAKeyHeaderWithoutAKey() {
		assertThat(SettingsFixture.backend("dialect: openai\napi-key: ''\napi-key-header: x-key").mistakes())
			.containsExactly(BACKEND + ".api-key-header = x-key: is set, but api-key is not");
	}

	@ParameterizedTest
	@ValueSource(strings = { "api-key:", "api-key: ''", "api-key: '${NO_SUCH_KEY:}'", "api-key: ' '" })
	void reportsAnEmptyKeyInsteadOfAskingForAToken(String key) {
		assertThat(SettingsFixture.backend("dialect: azure\n" + key).mistakes())
			.containsExactly(BACKEND + ".api-key: is present, but empty");
		assertThat(SettingsFixture.backend("dialect: azure\n" + key + "\napi-key-header: x-key").report())
			.contains("has one mistake", "application.yml:13)");
		assertThat(SettingsFixture.backend("dialect: openai\n" + key).load()).isNotNull();
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "12345", "012345", "12345678901234567890", "1_000_000_000_000_000", "0x12345", "12:34:56" })
	void reportsAKeyThatYamlReadsAsANumber(String key) {
		assertThat(SettingsFixture.backend("api-key: " + key).mistakes()).singleElement()
			.asString()
			.isEqualTo(BACKEND + ".api-key: is a text that YAML reads as a number");
	}

	@ParameterizedTest
	@ValueSource(strings = { "api-key: $OPENAI_KEY", "api-key: '%OPENAI_KEY%'", "api-key: $(OPENAI_KEY)",
			"api-key: $env:OPENAI_KEY", "models: {gpt-4o: $DEPLOYMENT}" })
	void reportsAReferenceWithoutBraces(String yaml) {
		assertThat(SettingsFixture.backend(yaml).mistakes()).singleElement()
			.asString()
			.contains(": is the name of a variable, not its value");
	}

	@ParameterizedTest
	@ValueSource(strings = { "$Secret", "$A-b", "%41", "a$NAME", "$", "$$NAME", "$NAME$", "$1A" })
	void acceptsOtherKeysWithADollarSign(String key) {
		assertThat(SettingsFixture.backend("api-key: '" + key + "'").load()).isNotNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "[]", "", "''" })
	void reportsAPoolWithAnEmptyListOfBackendsBesideOthers(String empty) {
		assertThat(SettingsFixture
			.weir("pools:\n  openai:\n    backends: [{name: a, url: 'https://x.example'}]\n"
					+ "  other:\n    backends: " + empty)
			.mistakes()).containsExactly("weir.pools.other.backends: must have at least one backend");
		assertThat(SettingsFixture
			.weir("pools:\n  openai:\n    backends: [{name: a, url: 'https://x.example'}]\n  My_Pool: " + empty)
			.mistakes()).containsExactly("weir.pools[My_Pool].backends: must have at least one backend");
	}

	@Test
	void acceptsAFileWithoutBackendsIfAnotherHasThePools() {
		assertThat(SettingsFixture.file("""
				spring.cloud.gateway.server.webflux.routes:
				  - {id: other, uri: lb://other, predicates: Path=/**}
				weir.pools.other.backends: [{name: a, url: 'https://a.example'}]
				---
				weir.pools.openai.backends: []
				""").load().pools()).containsOnlyKeys("other");
	}

	@Test
	void reportsEmptyEntriesOfLists() {
		assertThat(SettingsFixture
			.weir("pools:\n  openai:\n    backends:\n      -\n      - {name: a, url: 'https://x.example'}")
			.report())
			.contains("has one mistake", "weir.pools.openai.backends[0] (application.yml:9): is present, but empty");
		assertThat(SettingsFixture.pool("").load()).isNotNull();
		assertThat(SettingsFixture.weir("""
				pools.openai.backends: [{name: a, url: 'https://x.example'}]
				clients:
				  - {name: a, key: key-of-16-letters}
				  -
				""").report()).contains("has one mistake",
				"weir.clients[1] (application.yml:9): is present, but empty");
	}

	@Test
	void reportsForwardingOfTheHeaderOfABackendsKey() {
		assertThat(SettingsFixture.pool("forward-headers: [x-goog-api-key]")
			.property("weir.pools.openai.backends[0].name", "x")
			.property("weir.pools.openai.backends[0].url", "https://x.example")
			.property("weir.pools.openai.backends[0].api-key", "k")
			.property("weir.pools.openai.backends[0].api-key-header", "X-Goog-Api-Key")
			.mistakes()).singleElement().asString().contains("carries a credential");
	}

	@ParameterizedTest
	@ValueSource(strings = { "authorization", "API-Key", "cookie", "set-cookie", "proxy-authorization", "x-api-key",
			"ocp-apim-subscription-key" })
	void reportsForwardingOfACredential(String header) {
		assertThat(SettingsFixture.pool("forward-headers: [" + header + "]").mistakes()).singleElement()
			.asString()
			.contains("carries a credential");
	}

	@ParameterizedTest
	@ValueSource(strings = { "forwarded", "X-Forwarded-For", "x-forwarded-proto" })
	void reportsForwardingOfTheClientsAddress(String header) {
		assertThat(SettingsFixture.pool("forward-headers: [" + header + "]").mistakes()).singleElement()
			.asString()
			.contains("contains the client's address");
	}

	@ParameterizedTest
	@ValueSource(strings = { "Host", "content-length", "transfer-encoding", "connection", "proxy-connection",
			"keep-alive", "te", "trailer", "upgrade", "expect", "http2-settings" })
	void reportsForwardingOfConnectionHeaders(String header) {
		assertThat(SettingsFixture.pool("forward-headers: [" + header + "]").mistakes()).singleElement()
			.asString()
			.contains("belongs to one connection");
	}

	@ParameterizedTest
	@ValueSource(strings = { "1a", "a_b", "aB", "a b", "-a", "a-", "ä", "a!", "0" })
	void reportsANameOfAPoolThatARouteCannotContain(String name) {
		assertThat(SettingsFixture.pool("")
			.property("weir.pools[" + name + "].backends[0].name", "x")
			.property("weir.pools[" + name + "].backends[0].url", "https://x.example")
			.mistakes()).anySatisfy((mistake) -> assertThat(mistake).endsWith(": is not a valid name for a pool"));
	}

	@Test
	void reportsAnInvalidNameOfAPoolInTheFile() {
		assertThat(SettingsFixture.weir("pools:\n  My_Pool:\n    backends: [{name: a, url: 'https://x.example'}]")
			.mistakes()).contains("weir.pools[My_Pool]: is not a valid name for a pool");
	}

	@Test
	void limitsTheNameOfAPoolToTheLengthOfAHostLabel() {
		String longest = "a".repeat(63);
		String pools = "pools:\n  openai:\n    backends: [{name: a, url: 'https://x.example'}]\n  %s:\n    backends: [{name: b, url: 'https://x.example'}]";
		assertThat(SettingsFixture.weir(pools.formatted(longest)).load().pools()).containsKey(longest);
		assertThat(SettingsFixture.weir(pools.formatted(longest + "a")).mistakes()).hasSize(1);
	}

	@Test
	void reportsAPoolWithoutBackends() {
		assertThat(SettingsFixture
			.weir("pools:\n  empty:\n    deadline: 1m\n  openai:\n    backends: [{name: a, url: 'https://x.example'}]")
			.mistakes()).containsExactly("weir.pools.empty.backends: must have at least one backend");
	}

	@Test
	void reportsAMapOfBackends() {
		assertThat(SettingsFixture.weir("pools:\n  openai:\n    backends:\n      name: a\n      url: https://x.example")
			.mistakes()).containsExactly("weir.pools.openai.backends: must be a list");
	}

	@Test
	void reportsAListWithAGap() {
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE)
			.property("weir.pools.openai.backends[0].name", "a")
			.property("weir.pools.openai.backends[2].name", "a")
			.mistakes()).containsExactly("weir.pools.openai.backends: must be a list");
	}

	@Test
	void reportsAListThatDoesNotStartAtZero() {
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE)
			.property("weir.pools.openai.backends[1].name", "a")
			.mistakes()).containsExactly("weir.pools.openai.backends: must be a list");
	}

	@ParameterizedTest
	@ValueSource(strings = { "a b", "a.b", "''", "ä" })
	void reportsANameOfABackendThatAHeaderCannotContain(String name) {
		assertThat(SettingsFixture.namelessBackend("url: https://x.example\nname: " + name).mistakes()).singleElement()
			.asString()
			.endsWith("must have 1 to 63 letters, digits, hyphens and underscores");
	}

	@Test
	void reportsAMissingNameAndUrl() {
		assertThat(SettingsFixture.namelessBackend("weight: 1").mistakes())
			.containsExactly(BACKEND + ".name: is missing", BACKEND + ".url: is missing");
	}

	@Test
	void reportsTheSameNameInTwoPools() {
		assertThat(SettingsFixture.weir("""
				pools:
				  openai:
				    backends: [{name: East, url: 'https://x.example'}]
				  other:
				    backends: [{name: east, url: 'https://y.example'}]
				""").mistakes()).containsExactly(
				"weir.pools.other.backends[0].name = east: is already the name of weir.pools.openai.backends[0]");
	}

	@Test
	void acceptsTheSameUrlTwice() {
		assertThat(SettingsFixture.weir("""
				pools:
				  openai:
				    backends:
				      - {name: a, url: 'https://x.example'}
				      - {name: b, url: 'https://x.example'}
				""").pool().backends()).hasSize(2);
	}

	@Test
	void reportsAPortThatTheListenerCannotUse() {
		assertThat(SettingsFixture.pool("").property("server.port", "-1").mistakes())
			.containsExactly("server.port = -1: is not a port");
		assertThat(SettingsFixture.pool("").property("server.port", "70000").mistakes())
			.containsExactly("server.port = 70000: is not a port");
		assertThat(SettingsFixture.pool("").property("management.server.port", "-1").load()).isNotNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "1023B", "2GB" })
	void reportsABodySizeOutOfRange(String size) {
		assertThat(SettingsFixture.pool("").property("weir.max-body", size).report())
			.contains("weir.max-body = " + size + " (commandLineArgs): must be a size from 1KB to 1GB");
	}

	@Test
	void reportsSettingsUnderAWrongNameAtTheTopLevel() {
		String yaml = "pools:\n  openai:\n    backends: [{name: one, url: 'https://one.example', api-key: canary}]";
		assertThat(SettingsFixture.file("weirr:\n  " + yaml.replace("\n", "\n  ")).report())
			.contains("has one mistake", "weirr (application.yml:4): is not a setting of Weir", "Did you mean weir?")
			.doesNotContain("canary");
		assertThat(SettingsFixture.file(yaml).report()).contains("pools (application.yml:3): is not a setting of Weir",
				"write weir: above it");
	}

	@Test
	void reportsAMisspeltPropertyOnTheCommandLine() {
		assertThat(SettingsFixture.pool("").property("weir.max-bdy", "1MB").report())
			.contains("weir.max-bdy (commandLineArgs): there is no such property\n    Did you mean max-body?");
	}

	@Test
	void listsAllPropertiesIfNoneIsSimilar() {
		assertThat(SettingsFixture.pool("colour: blue").report())
			.contains("There are backends, strategy, max-wait, max-waiting, deadline, connect-timeout,");
	}

	@Test
	void aListComesFromOneSourceOnly() {
		assertThat(SettingsFixture.pool("").property("weir.pools.openai.backends[0].weight", "1").report())
			.contains("weir.pools.openai.backends[0].name (commandLineArgs): is missing")
			.contains("weir.pools.openai.backends[0].url (commandLineArgs): is missing");
	}

}
