package dev.weir.client;

import java.util.Map;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import dev.weir.config.WeirProperties;

import static org.assertj.core.api.Assertions.assertThat;

class AccessNoticeTests {

	private static final String TENANT = "0f1e2d3c-4b5a-4678-9abc-def012345678";

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "1|false||One client may call Weir", "2|false||2 clients may call Weir",
			"1|true||One client may call Weir, also with tokens of TENANT",
			"2|true||2 clients may call Weir, also with tokens of TENANT",
			"0|true||No caller is accepted: weir.clients names none of TENANT, and weir.entra.others is not set",
			"0|true|rest|All callers of TENANT may call Weir",
			"1|true|rest|One client and all callers of TENANT may call Weir",
			"2|true|rest|2 clients and all callers of TENANT may call Weir",
			"1|true|c0|One client and all callers of TENANT may call Weir" })
	void theNoticeAtTheStartNamesWhoMayCall(int clients, boolean entra, String others, String expected) {
		Map<String, String> settings = new java.util.HashMap<>();
		for (int i = 0; i < clients; i++) {
			settings.put("weir.clients[" + i + "].name", "c" + i);
			settings.put("weir.clients[" + i + "].key", "key-0123456789abcdef" + i);
		}
		if (entra) {
			settings.put("weir.entra.tenant", TENANT);
		}
		if (others != null) {
			settings.put("weir.entra.others", others);
		}
		if ("rest".equals(others)) {
			settings.put("weir.clients[" + clients + "].name", others);
		}
		WeirProperties properties = new Binder(new MapConfigurationPropertySource(settings)).bindOrCreate("weir",
				WeirProperties.class);
		assertThat(AccessNotice.describe(properties))
			.isEqualTo(expected.replace("TENANT", "the Microsoft Entra ID tenant " + TENANT));
	}

}
