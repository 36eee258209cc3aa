package dev.weir.client;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class NewKeyTests {

	private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

	private int run(String... arguments) {
		return new NewKey(new PrintStream(this.printed, true, StandardCharsets.UTF_8)).run(arguments);
	}

	private String text() {
		return this.printed.toString(StandardCharsets.UTF_8);
	}

	@Test
	void theLinesAcceptTheKey() {
		assertThat(run("--new-key", "my-app")).isZero();
		String key = text().lines()
			.map(String::strip)
			.filter((line) -> line.startsWith("weir_"))
			.findFirst()
			.orElseThrow();
		String hash = text().lines()
			.filter((line) -> line.contains("key-sha256: "))
			.map((line) -> line.substring(line.indexOf(": ") + 2))
			.findFirst()
			.orElseThrow();
		assertThat(text()).contains("    - name: my-app\n");
		assertThat(KeyHash.of(key)).isEqualTo(KeyHash.parse(hash));
		assertThat(key.length()).isGreaterThan(40);
	}

	@Test
	void eachKeyIsAnother() {
		run("--new-key=a");
		run("--new-key=a");
		assertThat(text().lines().map(String::strip).filter((line) -> line.startsWith("weir_")).distinct()).hasSize(2);
	}

	@ParameterizedTest
	@ValueSource(strings = { "--new-key", "--new-key=", "--new-key a b", "--new-key a/b", "--check --new-key" })
	void anythingElseExplainsTheCommand(String line) {
		assertThat(NewKey.isRequested(line.split(" "))).isTrue();
		assertThat(run(line.split(" "))).isOne();
		assertThat(text()).startsWith("Usage: java -jar weir.jar --new-key NAME").doesNotContain("weir_");
	}

}
