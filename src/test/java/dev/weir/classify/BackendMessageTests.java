package dev.weir.classify;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.config.Secret;

import static org.assertj.core.api.Assertions.assertThat;

class BackendMessageTests {

	@ParameterizedTest
	@ValueSource(strings = { "sk-proj-a1_b2-c3", "0123456789abcdef0123456789abcdef", "Bearer abc.def",
			"eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln", "Incorrect API key provided: secret", "api-key=secret-value",
			"token: hunter2hunter2", "abcd****************wxyz" })
	void textThatLooksLikeAKeyIsHidden(String words) {
		String message = BackendMessage.shortened("Refused " + words + " now", null);
		assertThat(message).contains("***").endsWith("now");
		assertThat(message).doesNotContain("secret")
			.doesNotContain("hunter")
			.doesNotContain("0123")
			.doesNotContain("abc.def")
			.doesNotContain("a1_b2")
			.doesNotContain("eyJ")
			.doesNotContain("wxyz");
	}

	@Test
	void theKeyOfTheBackendIsHiddenInAnyForm() {
		assertThat(BackendMessage.shortened("The key tiger is unknown", Secret.of("tiger")))
			.isEqualTo("The key *** is unknown");
	}

	@ParameterizedTest
	@ValueSource(strings = { "The API deployment for this resource does not exist.",
			"Key based authentication is disabled for this resource.",
			"Access denied due to Virtual Network/Firewall rules.", "Missing scopes: api.responses.write",
			"This model is only supported in v1/responses and not in v1/chat/completions.",
			"The principal 01234567-89ab-cdef-0123-456789abcdef lacks the required data action" })
	void otherTextIsKept(String words) {
		assertThat(BackendMessage.shortened(words, Secret.of("tiger"))).isEqualTo(words);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "a\tb|a b", "'a\r\n\r\nb'|a b", "'a\u0007\u001b[31mb'|'a [31mb'", "'  a  '|a",
			"'a\u202eb'|'a b'" })
	void aMessageIsOneLine(String message, String words) {
		assertThat(BackendMessage.shortened(message, null)).isEqualTo(words);
	}

	@Test
	void aMessageIsShortened() {
		assertThat(BackendMessage.shortened("ab ".repeat(200), null)).hasSize(BackendMessage.MAX + 1).endsWith("…");
		assertThat(BackendMessage.shortened("x ".repeat(99) + "y\uD83D\uDE00 z", null)).hasSize(BackendMessage.MAX)
			.endsWith("y…");
	}

	@Test
	void anEmptyMessageIsNull() {
		assertThat(BackendMessage.shortened(null, null)).isNull();
		assertThat(BackendMessage.shortened(" \n ", null)).isNull();
	}

}
