package dev.weir.config.load;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.config.EntraProperties;
import dev.weir.config.WeirProperties;

import static org.assertj.core.api.Assertions.assertThat;

class EntraCheckTests {

	private static final String TENANT = "0f1e2d3c-4b5a-4678-9abc-def012345678";

	private static final String APP = "11111111-aaaa-4bbb-8ccc-000000000001";

	private static SettingsFixture settings(String yaml) {
		return SettingsFixture.weir("pools.openai.backends[0]: {name: a, url: 'https://a.example', api-key: "
				+ "key-of-a-backend}\n" + yaml);
	}

	@Test
	void theTenantIsEnough() {
		WeirProperties properties = settings("entra.tenant: " + TENANT + "\n").load();
		EntraProperties entra = properties.entra();
		assertThat(entra).isNotNull();
		assertThat(entra.authority()).hasToString("https://login.microsoftonline.com");
		assertThat(properties.hasClients()).isTrue();
		assertThat(settings("").load().hasClients()).isFalse();
	}

	@Test
	void anEntryWithCallersNeedsNoKey() {
		assertThat(settings("""
				entra: {tenant: %1$s, others: all}
				clients:
				  - {name: apps, apps: %2$s}
				  - {name: users, users: [%2$s, %1$s]}
				  - {name: roles, roles: [A, B]}
				  - {name: both, key: a-key-of-16-chars, apps: [%1$s]}
				  - {name: all}
				""".formatted(TENANT, APP)).load().clients()).hasSize(5);
	}

	@Test
	void eachMistakeIsReported() {
		assertThat(settings("""
				entra: {tenant: contoso.com, others: nobody, audiences: [''], authority: 'http://login.example'}
				clients:
				  - {name: a, apps: [my-app, %1$s]}
				  - {name: b, apps: [%2$s], users: [x], roles: [A, ' ']}
				  - {name: c, roles: [A]}
				  - {name: d}
				""".formatted(APP, APP.toUpperCase(java.util.Locale.ROOT))).mistakes()).map(Object::toString)
			.satisfiesExactlyInAnyOrder((text) -> assertThat(text).contains("entra.tenant", "a GUID"),
					(text) -> assertThat(text).contains("entra.others", "no entry of weir.clients"),
					(text) -> assertThat(text).contains("entra.audiences", "empty audience"),
					(text) -> assertThat(text).contains("entra.authority", "must be https"),
					(text) -> assertThat(text).contains("clients[0].apps", "GUIDs", "application (client) id"),
					(text) -> assertThat(text).contains("clients[1].apps", "weir.clients[0] names, too"),
					(text) -> assertThat(text).contains("clients[1].users", "GUIDs", "object id"),
					(text) -> assertThat(text).contains("clients[1].roles", "empty role"),
					(text) -> assertThat(text).contains("clients[2].roles", "weir.clients[1] names, too"),
					(text) -> assertThat(text).contains("clients[3].key", "is missing"));
	}

	@Test
	void callersNeedATenant() {
		assertThat(settings("clients[0]: {name: a, users: [" + APP + "]}\n").mistakes()).singleElement()
			.asString()
			.contains("clients[0].users", "has no effect");
		assertThat(settings("entra.others: a\nclients[0]: {name: a, key: a-key-of-16-chars}\n").mistakes())
			.singleElement()
			.asString()
			.contains("entra.tenant", "is missing");
	}

	@ParameterizedTest
	@ValueSource(strings = { "https://login.microsoftonline.us/", "http://127.0.0.1:8080", "http://localhost:1" })
	void anAuthorityIsHttpsOrOnThisMachine(String authority) {
		assertThat(settings("entra: {tenant: " + TENANT + ", authority: '" + authority + "'}\n").load().entra())
			.isNotNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "login.microsoftonline.com", "ftp://login.example", "https://",
			"https://u:p@login.example", "https://login.example?a=b", "https://login.example#a" })
	void otherAuthoritiesAreMistakes(String authority) {
		assertThat(settings("entra: {tenant: " + TENANT + ", authority: '" + authority + "'}\n").mistakes())
			.singleElement()
			.asString()
			.contains("entra.authority");
	}

	@Test
	void tokensAreClientsForAnAddressOfOtherMachines() {
		assertThat(settings("entra.tenant: " + TENANT + "\n").property("server.address", "0.0.0.0").load().open())
			.isFalse();
	}

}
