package dev.weir.affinity;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.http.HttpHeaders;

import static org.assertj.core.api.Assertions.assertThat;

class ClientKeyTests {

	private static String key(String name, String value) {
		HttpHeaders headers = new HttpHeaders();
		headers.set(name, value);
		return ClientKey.of(headers);
	}

	private static String token(String claims) {
		return base64("{\"alg\":\"RS256\",\"typ\":\"JWT\"}") + "." + base64(claims) + ".c2lnbmF0dXJl";
	}

	private static String base64(String text) {
		return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
	}

	@ParameterizedTest
	@CsvSource({ "authorization, Bearer K", "authorization, bearer K", "authorization, BEARER K",
			"authorization, Bearer  K", "authorization, K", "api-key, K" })
	void aKeyIsTheSameInEveryHeaderAndScheme(String name, String value) {
		assertThat(key(name, value)).isEqualTo("K");
	}

	@Test
	void aRequestWithoutAKeyHasAnEmptyOne() {
		assertThat(ClientKey.of(new HttpHeaders())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "\"tid\":\"t\",\"oid\":\"o\",\"sub\":\"s\"|t/o",
			"\"tid\":\"t\",\"appid\":\"a\"|t/a", "\"iss\":\"i\",\"sub\":\"s\"|i/s" })
	void aNewAccessTokenOfOneCallerIsTheSameKey(String claims, String key) {
		for (int hour = 0; hour < 2; hour++) {
			assertThat(key("authorization", "Bearer " + token("{\"exp\":" + hour + "," + claims + "}"))).isEqualTo(key);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "ey.a.b", "eyJ.%%.b", "ey", "eyJ.W10.b", "eyJ.e30.b", "sk-a.b.c", "ey.a.b.c" })
	void aKeyThatIsNoAccessTokenIsUsedAsItIs(String key) {
		assertThat(key("authorization", "Bearer " + key)).isEqualTo(key);
	}

}
