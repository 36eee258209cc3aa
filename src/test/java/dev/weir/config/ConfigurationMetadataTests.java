package dev.weir.config;

import java.io.IOException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.core.io.ClassPathResource;

import static org.assertj.core.api.Assertions.assertThat;

class ConfigurationMetadataTests {

	@ParameterizedTest
	@CsvSource({ "weir.pools, the pools by name", "weir.max-body, the largest request body" })
	void describesTheProperties(String name, String description) throws IOException {
		JsonNode metadata = JsonMapper.shared()
			.readTree(new ClassPathResource("META-INF/spring-configuration-metadata.json").getContentAsByteArray());
		assertThat(metadata.path("properties")).filteredOn((property) -> property.path("name").asString().equals(name))
			.singleElement()
			.satisfies((property) -> assertThat(property.path("description").asString()).startsWith(description)
				.doesNotContain("{@"));
	}

}
