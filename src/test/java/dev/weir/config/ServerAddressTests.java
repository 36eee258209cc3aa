package dev.weir.config;

import java.net.URI;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class ServerAddressTests {

	@ParameterizedTest
	@CsvSource({ "https://x, https://x:443", "http://x/v1, http://x:80", "https://x:, https://X",
			"http://a_b, http://A_b:80", "https://r.services.ai.azure.com/openai, https://r.openai.azure.com",
			"https://r.cognitiveservices.azure.com, https://R.openai.azure.com:443" })
	void urlsOfOneServerAreEqual(URI one, URI other) {
		assertThat(ServerAddress.serverOf(one)).isEqualTo(ServerAddress.serverOf(other));
	}

	@ParameterizedTest
	@CsvSource({ "https://x, http://x", "https://x, https://x:80", "https://x, https://y",
			"http://[::1]:1, http://[::1]", "https://a.openai.azure.com, https://b.openai.azure.com",
			"https://a.openai.azure.com, https://a.openai.azure.us",
			"https://a.openai.azure.com, https://a.openai.azure.com.example" })
	void urlsOfDifferentServersAreNot(URI one, URI other) {
		assertThat(ServerAddress.serverOf(one)).isNotEqualTo(ServerAddress.serverOf(other));
	}

}
