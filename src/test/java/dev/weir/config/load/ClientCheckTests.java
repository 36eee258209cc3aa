package dev.weir.config.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.config.ClientProperties;
import dev.weir.config.ExpiryTime;
import dev.weir.config.Secret;
import dev.weir.config.WeirProperties;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class ClientCheckTests {

	private static final String KEY = "a-key-of-16-chars";

	private static SettingsFixture clients(String yaml) {
		return SettingsFixture.weir("pools.openai.backends[0]: {name: a, url: 'https://a.example', api-key: "
				+ "key-of-a-backend}\n" + yaml);
	}

	private static SettingsFixture client(String properties) {
		return clients("clients:\n  - {" + properties + "}\n");
	}

	@Test
	void aClientHasOneOrMoreKeys() {
		ClientProperties client = client("name: chat, key: " + KEY).load().clients().get(0);
		assertThat(client.key()).containsExactly(Secret.of(KEY));
		assertThat(client("name: chat, key: '" + KEY + ", another-key-of-many'").load().clients().get(0).key())
			.hasSize(2);
		assertThat(client("name: chat, key: [" + KEY + ", another-key-of-many, '']").load().clients().get(0).key())
			.hasSize(2);
		assertThat(client.models()).isEmpty();
		assertThat(client.expires()).isNull();
	}

	// it took minutes when each list was searched in all properties
	@Test
	@Timeout(60)
	void tenThousandClientsAreRead() {
		StringBuilder yaml = new StringBuilder("clients:\n");
		for (int i = 0; i < 10_000; i++) {
			yaml.append("  - {name: client-%1$d, key: key-of-client-%1$08d, tokens-per-minute: 1000}%n".formatted(i));
		}
		assertThat(clients(yaml.toString()).load().clients()).hasSize(10_000);
	}

	@Test
	void eachMistakeIsReportedWithoutTheKey() {
		assertThat(clients("""
				clients:
				  - {name: 'a b', key: short}
				  - {name: chat, key: %1$s, expires: soon}
				  - {name: Chat, key: %1$s}
				  - {name: none}
				  - {name: hash, key-sha256: abc}
				  - {name: backend, key: key-of-a-backend}
				  - {name: empty, key: other-key-0123456789, models: ['']}
				  - {key: nameless-key-0123456789}
				operators:
				  - {name: ops, key: %1$s}
				""".formatted(KEY)).mistakes()).map(Object::toString)
			.noneMatch((text) -> text.contains("short\"") || text.contains(KEY))
			.satisfiesExactlyInAnyOrder((text) -> assertThat(text).contains("clients[0].name", "1 to 63"),
					(text) -> assertThat(text).contains("clients[0].key", "16 to 512 visible").doesNotContain("short"),
					(text) -> assertThat(text).contains("clients[1].expires = soon", "must be a date"),
					(text) -> assertThat(text).contains("clients[2].name", "already the name of weir.clients[1]"),
					(text) -> assertThat(text).contains("clients[2].key", "also a key of weir.clients[1]"),
					(text) -> assertThat(text).contains("clients[3].key", "is missing"),
					(text) -> assertThat(text).contains("clients[4].key-sha256", "64 hexadecimal"),
					(text) -> assertThat(text).contains("clients[5].key",
							"also the key of weir.pools.openai.backends[0]"),
					(text) -> assertThat(text).contains("clients[6].models", "empty name"),
					(text) -> assertThat(text).contains("clients[7].name", "is missing"),
					(text) -> assertThat(text).contains("operators[0].key", "also a key of weir.clients[1]"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "[]", "''", "'${NOPE:}'", "' '", "','", "" })
	void aRestrictionThatIsPresentIsNotEmpty(String empty) {
		for (String property : new String[] { "models", "pools", "limits", "requests-per-minute", "tokens-per-minute",
				"tokens-per-day", "max-concurrent", "expires" }) {
			SettingsFixture client = clients(
					"clients:\n  - name: chat\n    key: " + KEY + "\n    " + property + ": " + empty + "\n");
			assertThat(client.mistakes()).as(property).singleElement().asString().contains("clients[0]." + property);
			assertThat(client.report()).as(property).contains("clients[0]." + property, "application.yml:10)");
		}
		assertThat(clients("entra:\n  tenant: 0f1e2d3c-4b5a-4678-9abc-def012345678\n  audiences: " + empty + "\n")
			.mistakes()).singleElement().asString().contains("entra.audiences");
		assertThat(SettingsFixture.backend("for: " + empty).mistakes()).singleElement()
			.asString()
			.contains("backends[0].for");
	}

	@Test
	void aRestrictionInAVariableIsNotEmpty() {
		assertThat(SettingsFixture.pool("")
			.variable("WEIR_CLIENTS_0_NAME", "chat")
			.variable("WEIR_CLIENTS_0_KEY", KEY)
			.variable("WEIR_CLIENTS_0_MODELS", "")
			.mistakes()).containsExactly("weir.clients[0].models: is present, but empty");
	}

	@Test
	void aListOfAnotherSourceIsNotEmpty() {
		assertThat(clients("clients:\n  - {name: chat, key: " + KEY + ", models: []}\n")
			.property("weir.clients[0].name", "chat")
			.property("weir.clients[0].key", KEY)
			.load()
			.clients()).hasSize(1);
	}

	@Test
	void aTextThatYamlReadsAsSomethingElseIsReported() {
		assertThat(clients("clients:\n  - {name: no, key: " + KEY + ", models: [on, gpt], roles: yes}\n").mistakes())
			.contains("weir.clients[0].name = false: is a text that YAML reads as true or false",
					"weir.clients[0].models[0] = true: is a text that YAML reads as true or false",
					"weir.clients[0].roles: is a text that YAML reads as true or false");
		assertThat(client("name: 1.10, key: " + KEY).mistakes())
			.containsExactly("weir.clients[0].name = 1.1: is a text that YAML reads as a number");
		assertThat(client("name: 7, key: " + KEY).load().clients().get(0).name()).isEqualTo("7");
		assertThat(client("name: 'no', key: " + KEY).load().clients().get(0).name()).isEqualTo("no");
	}

	@ParameterizedTest
	@ValueSource(strings = { "1234567890123456", "[12345678901234567890]", "01234567012345670123", "1.5" })
	void aKeyThatYamlReadsAsANumberIsReported(String key) {
		for (String owner : new String[] { "clients", "operators" }) {
			assertThat(clients(owner + ":\n  - {name: chat, key: " + key + "}\n").report())
				.contains("has one mistake", owner + "[0].key", "is a text that YAML reads as a number",
						"Write it in quotes.")
				.doesNotContain("23456");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "$CHAT_KEY_OF_WEIR", "'%CHAT_KEY_OF_WEIR%'", "[a-key-of-16-chars, $CHAT_KEY_OF_WEIR]",
			"'a-key-of-16-chars, $CHAT_KEY_OF_WEIR'" })
	void aKeyThatIsTheNameOfAVariableIsReported(String key) {
		for (String owner : new String[] { "clients", "operators" }) {
			assertThat(clients(owner + ":\n  - {name: chat, key: " + key + "}\n").report())
				.contains("has one mistake", "is the name of a variable", "Write ${NAME}")
				.doesNotContain("CHAT_KEY");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "key: []", "key: ''", "key:", "key-sha256: []" })
	void anEmptyListOfKeysIsReportedWhereItIs(String empty) {
		String property = empty.substring(0, empty.indexOf(':'));
		assertThat(clients("clients:\n  - name: chat\n    " + empty + "\n").report()).contains("has one mistake",
				"weir.clients[0]." + property + " (application.yml:9): is present, but empty");
	}

	@Test
	void anInvalidEntryOfAListOfKeysIsNamed() {
		assertThat(clients("""
				clients:
				  - name: chat
				    key: ['', %s, short]
				    key-sha256: ['%s', abc]
				""".formatted(KEY, "0".repeat(64))).mistakes()).containsExactlyInAnyOrder(
				"weir.clients[0].key[2]: must have 16 to 512 visible ASCII characters, without a comma",
				"weir.clients[0].key-sha256[1] = abc: must have 64 hexadecimal digits");
	}

	@Test
	void certificatesNeedAListenerThatVerifiesThem(@TempDir Path folder) throws IOException {
		String authority = Files.createFile(folder.resolve("ca.pem")).toString();
		String certificates = "name: chat, certificates: [chat.example, 'CN=chat,O=Example', 'spiffe://a/b']";
		String mistake = "has no effect, because the listener verifies no certificates";
		assertThat(client(certificates).report()).contains(mistake, "client-auth: want");
		assertThat(client(certificates).property("server.ssl.bundle", "web")
			.property("server.ssl.client-auth", "need")
			.report()).contains(mistake);
		assertThat(client(certificates).property("server.ssl.bundle", "web")
			.property("spring.ssl.bundle.pem.web.truststore.certificate", "ca.pem")
			.report()).contains(mistake);
		assertThat(client(certificates).property("server.ssl.bundle", "web")
			.property("server.ssl.client-auth", "want")
			.property("spring.ssl.bundle.pem.web.truststore.certificate", authority)
			.load()).isNotNull();
		assertThat(client(certificates).property("server.ssl.trust-store", authority)
			.property("server.ssl.client-auth", "want")
			.property("server.ssl.bundle", "")
			.load()).isNotNull();
		assertThat(client(certificates).property("server.ssl.trust-store", "ca.p12")
			.property("server.ssl.client-auth", "want")
			.property("server.ssl.enabled", "false")
			.report()).contains(mistake);
	}

	/** Without a trust store, the JDK trusts all public authorities. */
	@ParameterizedTest
	@CsvSource({ "spring.ssl.bundle.pem.web.truststore.certificate,server.ssl.bundle=web",
			"spring.ssl.bundle.jks.web.truststore.location,server.ssl.bundle=web",
			"server.ssl.trust-certificate,server.ssl.trust-store=AUTHORITY", "server.ssl.trust-store,server.port=0" })
	void aTrustStoreThatIsPresentIsNotEmpty(String empty, String other, @TempDir Path folder) throws IOException {
		String authority = Files.createFile(folder.resolve("ca.pem")).toString();
		String[] property = other.split("=");
		assertThat(client("name: chat, certificates: [chat.example]").property("server.ssl.client-auth", "want")
			.property(property[0], property[1].replace("AUTHORITY", authority))
			.property(empty, "${NOPE:}")
			.property("spring.ssl.bundle.jks.web.truststore.password", "secret")
			.mistakes()).singleElement().asString().contains("the listener verifies no certificates");
	}

	@Test
	void eachMistakeOfACertificateIsReported(@TempDir Path folder) throws IOException {
		String authority = Files.createFile(folder.resolve("ca.p12")).toString();
		assertThat(clients("""
				clients:
				  - {name: a, certificates: [Chat.example, 'CN=a, O=b']}
				  - {name: b, certificates: [chat.example]}
				  - {name: c, certificates: ['cn=A,o=B']}
				  - {name: d, certificates: ['XX=1', '']}
				""").property("server.ssl.trust-store", authority)
			.property("server.ssl.client-auth", "want")
			.mistakes()).map(Object::toString)
			.satisfiesExactlyInAnyOrder(
					(text) -> assertThat(text).contains("clients[1].certificates", "that weir.clients[0] names, too"),
					(text) -> assertThat(text).contains("clients[2].certificates", "that weir.clients[0] names, too"),
					(text) -> assertThat(text).contains("clients[3].certificates", "no certificate has (XX=1)"));
	}

	@Test
	void aClientHasLimits() {
		ClientProperties client = client("name: chat, key: " + KEY
				+ ", requests-per-minute: 60, tokens-per-minute: 1000,"
				+ " tokens-per-day: 5000000000, max-concurrent: 5, limits: [{model: 'o3*', tokens-per-day: 10}]")
			.load()
			.clients()
			.get(0);
		assertThat(client.isLimited()).isTrue();
		assertThat(client.requestsPerMinute()).isEqualTo(60);
		assertThat(client.tokensPerDay()).isEqualTo(5_000_000_000L);
		assertThat(client.maxConcurrent()).isEqualTo(5);
		assertThat(client.limits().get(0).tokensPerDay()).isEqualTo(10);
		assertThat(client("name: chat, key: " + KEY).load().clients().get(0).isLimited()).isFalse();
	}

	@Test
	void eachMistakeOfALimitIsReported() {
		assertThat(clients("""
				clients:
				  - name: chat
				    key: %s
				    requests-per-minute: 0
				    tokens-per-minute: many
				    tokens-per-day: 1.5
				    max-concurrent: -1
				    limits:
				      - {model: a, tokens-per-minute: 1}
				      - {model: a, tokens-per-day: 1}
				      - {model: b}
				      - {tokens-per-minute: 5}
				      - {model: ' ', tokens-per-minute: 5}
				""".formatted(KEY)).mistakes()).map(Object::toString)
			.satisfiesExactlyInAnyOrder(
					(text) -> assertThat(text).contains("requests-per-minute = 0",
							"must be a whole number from 1 to 1000000000"),
					(text) -> assertThat(text).contains("tokens-per-minute = many", "must be a whole number"),
					(text) -> assertThat(text).contains("tokens-per-day = 1.5", "must be a whole number"),
					(text) -> assertThat(text).contains("max-concurrent = -1", "from 1 to 1000000"),
					(text) -> assertThat(text).contains("limits[1].model", "is already the model of"),
					(text) -> assertThat(text).contains("limits[2]", "has no limit"),
					(text) -> assertThat(text).contains("limits[3].model", "is missing"),
					(text) -> assertThat(text).contains("limits[4].model", "is empty"));
	}

	@Test
	void aKeyAndTheHashOfTheSameKeyBelongToOneClientOnly() {
		String hash = "0d1f6cd6cd3e2b4f6ae8b6cb3e3d1a77a3c1d2b6a0f8b4a3b4d1c1a2e3f4a5b6";
		assertThat(clients("clients:\n  - {name: a, key-sha256: " + hash + "}\n  - {name: b, key-sha256: "
				+ hash.toUpperCase(java.util.Locale.ROOT) + "}\n")
			.mistakes()).singleElement().asString().contains("clients[1].key-sha256");
	}

	@ParameterizedTest
	@CsvSource({ "2027-01-31,2027-01-31T23:59:59Z,false", "2027-01-31,2027-02-01T00:00:00Z,true",
			"2027-01-31T12:00:00Z,2027-01-31T11:59:59Z,false", "2027-01-31T12:00:00+02:00,2027-01-31T10:00:00Z,true" })
	void aDateIncludesItsDay(String expires, Instant now, boolean reached) {
		assertThat(ExpiryTime.of(expires).isReached(now)).isEqualTo(reached);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "tomorrow", "2027-13-01", "2027-01-31T12:00:00", "31.01.2027" })
	void otherTextsAreNoDates(String text) {
		assertThatIllegalArgumentException().isThrownBy(() -> ExpiryTime.of(text));
	}

	@Test
	void anAddressOfOtherMachinesNeedsClientsOrOpen() {
		SettingsFixture reachable = SettingsFixture.pool("").property("server.address", "0.0.0.0");
		assertThat(reachable.report()).contains("server.address = 0.0.0.0",
				"is reachable from other machines, and there are no clients (weir.clients)", "WEIR_OPEN=true",
				"--new-key");
		WeirProperties open = reachable.property("weir.open", "true").load();
		assertThat(open.open()).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "127.0.0.1", "127.1.2.3", "::1", "localhost" })
	void theLoopbackInterfaceNeedsNeither(String address) {
		assertThat(SettingsFixture.pool("").property("server.address", address).load().clients()).isEmpty();
	}

}
