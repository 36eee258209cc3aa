package dev.weir.config.load;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.config.BackendProperties;

import static org.assertj.core.api.Assertions.assertThat;

class UrlCheckTests {

	private static final String URL = "weir.pools.openai.backends[0].url";

	@ParameterizedTest
	@ValueSource(strings = { "one.example", "/v1", "ftp://one.example", "https:///v1",
			"https://<resource>.openai.azure.com", "://x", "https://one example", "mailto:a@b.example" })
	void reportsAnInvalidUrl(String url) {
		assertThat(mistakes(url, "")).endsWith(": must be an http or https URL with a host");
	}

	@ParameterizedTest
	@ValueSource(strings = { "https://one.example:70000", "http://vllm_server:65536/v1", "http://[::1]:999999999",
			"https://one.example:065536" })
	void reportsAPortAboveTheRange(String url) {
		assertThat(mistakes(url, "")).endsWith(": has a port above 65535");
	}

	@Test
	void reportsACredentialAndHidesIt() {
		assertThat(mistakes("https://me:hunter2@one.example", ""))
			.isEqualTo(URL + " = https://(hidden)@one.example: must not contain a user or a password");
	}

	@Test
	void hidesTheCredentialOfAnInvalidUrl() {
		assertThat(mistakes("'ftp://me:hunter2 @one.example?code=canary'", ""))
			.isEqualTo(URL + " = ftp://(hidden)@one.example?(hidden): must be an http or https URL with a host");
	}

	@ParameterizedTest
	@ValueSource(strings = { "https://one.example?api-version=1", "https://one.example/v1#top" })
	void reportsAQueryOrAFragment(String url) {
		assertThat(mistakes("'" + url + "'", "")).endsWith("?(hidden): must not have a query or a fragment");
	}

	@ParameterizedTest
	@ValueSource(strings = { "https://one.example", "HTTPS://one.example/prefix/v1/", "http://vllm:8000",
			"http://[::1]:8080/openai", "http://vllm_server:8000", "https://my_host.example/v1",
			"https://models.github.ai/inference", "https://x.services.ai.azure.com/models",
			"http://vllm/openai/deployments" })
	void acceptsUrlsOfServers(String url) {
		assertThat(backend(url, "").firstBackend().url()).hasToString(url);
	}

	@ParameterizedTest
	@ValueSource(strings = { "http://one.example", "http://one.openai.azure.com", "http://10.0.0.1",
			"http://localhost.example" })
	void reportsThatATokenWouldBeSentUnencrypted(String url) {
		assertThat(mistakes(url, "dialect: azure")).contains("must be https");
	}

	@Test
	void recognizesAHostOfAzureThatExpectsAToken() {
		assertThat(mistakes("http://one.openai.azure.com", "")).contains("must be https");
		assertThat(backend("http://one.openai.azure.com", "dialect: openai").load()).isNotNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "http://localhost:1", "http://127.0.0.1", "http://127.8.9.10", "http://[::1]",
			"http://[0:0:0:0:0:0:0:1]", "http://a.localhost" })
	void acceptsUnencryptedTokensToThisMachine(String url) {
		assertThat(backend(url, "dialect: azure").load()).isNotNull();
	}

	@Test
	void acceptsUnencryptedKeys() {
		assertThat(backend("http://one.example", "dialect: azure\napi-key: k").load()).isNotNull();
	}

	@ParameterizedTest
	@CsvSource({
			"https://x.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21, https://x.openai.azure.com. Set the deployment in models",
			"https://x.openai.azure.com/openai/deployments/gpt-4o, 'MODEL: gpt-4o'",
			"https://x.azure-api.net/team/openai/responses?api-version=2025-03-01-preview, https://x.azure-api.net/team. Weir adds",
			"https://x.openai.azure.com/openai/v1/responses/, https://x.openai.azure.com. Weir adds",
			"http://vllm:8000/v1/chat/completions, http://vllm:8000/v1. Weir adds",
			"http://vllm_server:8000/v1/models, http://vllm_server:8000. Weir adds" })
	void reportsAUrlWithAnOperation(String url, String cure) {
		assertThat(mistakes(url, "api-key: k")).endsWith("must be the base URL of the backend, without an operation");
		assertThat(backend(url, "api-key: k").report()).contains(cure.replace("''", "'"));
	}

	@Test
	void findsTheHostAndPortOfAUrlWithAnUnderscore() {
		BackendProperties backend = backend("http://vllm_server:8000/v1", "").firstBackend();
		assertThat(backend.host()).isEqualTo("vllm_server");
		assertThat(backend.port()).isEqualTo(8000);
		assertThat(mistakes("http://vllm_server:80000", "")).endsWith(": has a port above 65535");
		assertThat(mistakes("http://me:hunter2@vllm_server", "")).doesNotContain("hunter2");
	}

	private static String mistakes(String url, String more) {
		assertThat(backend(url, more).mistakes()).hasSize(1);
		return backend(url, more).mistakes().get(0);
	}

	private static SettingsFixture backend(String url, String more) {
		return SettingsFixture.namelessBackend("name: openai1\nurl: " + url + "\n" + more);
	}

}
