package dev.weir.reload;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import dev.weir.config.WeirProperties;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Changes are described as the file writes them, and no secret is shown.
 */
class ConfigurationChangesTests {

	private static final Map<String, String> BASE = Map.of("clients[0].name", "chat", "clients[0].key",
			"secret-of-chat-0123", "operators[0].name", "ops", "operators[0].key", "secret-of-ops-01234",
			"entra.tenant", "0f1e2d3c-4b5a-4678-9abc-def012345678", "pools.openai.backends[0].name", "one",
			"pools.openai.backends[0].url", "http://127.0.0.1:9", "pools.openai.backends[0].api-key",
			"secret-of-one-01234");

	private static WeirProperties settings(Map<String, String> changed) {
		Map<String, String> all = new HashMap<>();
		BASE.forEach((name, value) -> all.put("weir." + name, value));
		changed.forEach((name, value) -> all.put("weir." + name, value));
		return new Binder(List.of(new MapConfigurationPropertySource(all))).bindOrCreate("weir",
				Bindable.of(WeirProperties.class));
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			value = { "clients[0].models[0]=gpt-4o | client chat: models none → [gpt-4o]",
					"clients[0].key=secret-that-is-new-1 | client chat: key changed",
					"clients[0].key-sha256[0]=secret | client chat: key-sha256 changed",
					"clients[0].expires=2027-01-31 | client chat: expires none → 2027-01-31",
					"clients[0].priority=high | client chat: priority normal → high",
					"clients[0].certificates[0]=CN=a | client chat: certificates none → [CN=a]",
					"clients[1].name=new | client new added",
					"operators[0].expires=2027-01-31 | operator ops: expires none → 2027-01-31",
					"operators[0].key=secret-that-is-new-1 | operator ops: key changed",
					"operators[1].name=new | operator new added",
					"entra.audiences[0]=api://weir | entra.audiences none → [api://weir]",
					"entra.others=chat | entra.others none → chat",
					"pools.openai.backends[0].for=high,low | backend one: for none → [high, low]",
					"pools.openai.backends[0].models.gpt-4o=d1 | backend one: models none → {gpt-4o: d1}",
					"pools.openai.backends[0].api-key=secret-that-is-new-1 | backend one: api-key changed",
					"pools.openai.backends[1].name=two | backend two added",
					"pools.openai.strategy=cache-affine | pool openai: strategy weighted → cache-affine" })
	void aChangeIsDescribedInTheWordsOfTheFile(String change, String expected) {
		int equals = change.indexOf('=');
		assertThat(ConfigurationChanges.between(settings(Map.of()),
				settings(Map.of(change.substring(0, equals), change.substring(equals + 1)))))
			.containsExactly(expected);
	}

	@Test
	void limitsAreDescribedWithWhatIsSet() {
		WeirProperties one = settings(
				Map.of("clients[0].limits[0].model", "o3", "clients[0].limits[0].requests-per-minute", "60"));
		WeirProperties two = settings(Map.of("clients[0].limits[0].model", "o3",
				"clients[0].limits[0].requests-per-minute", "30", "clients[0].limits[1].model", "gpt-*",
				"clients[0].limits[1].requests-per-minute", "5", "clients[0].limits[1].tokens-per-day", "1000000"));
		assertThat(ConfigurationChanges.between(settings(Map.of()), one))
			.containsExactly("client chat: limits none → [o3 requests-per-minute 60]");
		assertThat(ConfigurationChanges.between(one, two))
			.containsExactly("client chat: limits [o3 requests-per-minute 60] → [o3 requests-per-minute 30,"
					+ " gpt-* requests-per-minute 5 tokens-per-day 1000000]");
		assertThat(ConfigurationChanges.between(two, settings(Map.of()))).singleElement().asString().endsWith("→ none");
	}

}
