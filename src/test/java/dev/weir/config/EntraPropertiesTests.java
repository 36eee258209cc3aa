package dev.weir.config;

import java.net.URI;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class EntraPropertiesTests {

	private static EntraProperties authority(String url, String... audiences) {
		return new EntraProperties("0F1E2D3C-4B5A-4678-9ABC-DEF012345678", List.of(audiences), URI.create(url), null);
	}

	@ParameterizedTest
	@CsvSource({
			"https://login.microsoftonline.com,https://sts.windows.net/T/,https://login.microsoftonline.com/T/v2.0,azure.com",
			"https://login.microsoftonline.com/,https://sts.windows.net/T/,https://login.microsoftonline.com/T/v2.0,azure.com",
			"https://login.windows.net,https://sts.windows.net/T/,https://login.microsoftonline.com/T/v2.0,azure.com",
			"https://login.microsoftonline.us,https://sts.windows.net/T/,https://login.microsoftonline.us/T/v2.0,azure.us",
			"https://login.chinacloudapi.cn,https://sts.chinacloudapi.cn/T/,https://login.partner.microsoftonline.cn/T/v2.0,azure.cn",
			"https://login.partner.microsoftonline.cn,https://sts.chinacloudapi.cn/T/,https://login.partner.microsoftonline.cn/T/v2.0,azure.cn",
			"http://127.0.0.1:8000,https://sts.windows.net/T/,http://127.0.0.1:8000/T/v2.0,azure.com" })
	void issuersAndAudiencesAreThoseOfTheCloud(String authority, String first, String second, String domain) {
		EntraProperties settings = authority(authority);
		String tenant = "0f1e2d3c-4b5a-4678-9abc-def012345678";
		assertThat(settings.issuers()).contains(first.replace("/T/", "/" + tenant + "/"),
				second.replace("/T/", "/" + tenant + "/"));
		assertThat(settings.acceptedAudiences()).containsExactly("https://cognitiveservices." + domain,
				"https://ai." + domain);
		assertThat(settings.keysUrl())
			.hasToString(EntraProperties.withoutSlash(authority) + "/" + tenant + "/discovery/v2.0/keys");
	}

	@Test
	void audiencesOfTheUserReplaceTheDefault() {
		assertThat(authority("https://login.microsoftonline.com", "api://weir/", "api://other").acceptedAudiences())
			.containsExactly("api://weir", "api://other");
	}

}
