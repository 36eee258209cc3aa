package dev.weir.gateway;

import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

class SecretMaskTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					[AddRequestHeader X-Api-Key = 'canary'] | [AddRequestHeader X-Api-Key = '(hidden)']
					[[SetRequestHeader Authorization = 'Bearer canary'], order = 1] | [[SetRequestHeader Authorization = '(hidden)'], order = 1]
					[AddRequestHeader X-Source = 'Bearer canary'] | [AddRequestHeader X-Source = 'Bearer (hidden)']
					[AddRequestParameter token = 'canary'] | [AddRequestParameter token = '(hidden)']
					Header: X-Secret regexp=^canary$ | Header: X-Secret regexp='(hidden)'
					https://user:canary@one.example | https://(hidden)@one.example
					[StripPrefix parts = 1] | [StripPrefix parts = 1]
					[RewritePath /a(?<rest>.*) = '/${rest}'] | [RewritePath /a(?<rest>.*) = '/${rest}']
					""")
	void valuesOfSecretsAreHidden(String text, String masked) {
		assertThat(SecretMask.inText(text)).isEqualTo(masked);
	}

	@Test
	void theArgumentBesideTheNameOfASecretIsHidden() {
		assertThat(SecretMask.inArguments(Map.of("_genkey_0", "X-Api-Key", "_genkey_1", "canary")))
			.isEqualTo(Map.of("_genkey_0", "X-Api-Key", "_genkey_1", "(hidden)"));
		assertThat(SecretMask.inArguments(Map.of("name", "x-source", "value", "weir")))
			.isEqualTo(Map.of("name", "x-source", "value", "weir"));
		assertThat(SecretMask.inArguments(Map.of("secret", "canary"))).isEqualTo(Map.of("secret", "(hidden)"));
	}

	@Test
	void theActuatorShowsRoutesWithoutSecrets() {
		String yaml = """
				spring.cloud.gateway.server.webflux.routes:
				  - id: openai
				    uri: lb://openai
				    predicates: [Path=/v1/**, 'Header=x-secret, canary-regexp']
				    metadata: {api-key: canary-metadata, nested: {token: canary-nested}, note: visible}
				    filters:
				      - AddRequestHeader=X-Api-Key, canary-header
				      - AddRequestHeadersIfNotPresent=X-Token:canary-optional
				      - SetRequestHeader=Authorization, Bearer canary-bearer
				      - AddRequestParameter=code-token, canary-parameter
				      - AddRequestHeader=x-source, weir
				""";
		try (WeirServer weir = WeirServer
			.start(yaml + WeirServer.pool("", WeirServer.backend("a", java.net.URI.create("http://127.0.0.1:9"))))) {
			for (String path : new String[] { "routes", "routedefinitions", "routes/openai",
					"routes/openai/combinedfilters" }) {
				String body = weir.get("/actuator/gateway/" + path).body();
				assertThat(body).as(path).contains("(hidden)").doesNotContain("canary");
			}
			assertThat(weir.get("/actuator/gateway/routes").body()).contains("visible", "x-source = 'weir'");
		}
	}

}
