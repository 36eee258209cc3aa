package dev.weir.config.load;

import java.util.Map;

import org.junit.jupiter.api.Test;

import org.springframework.boot.origin.PropertySourceOrigin;
import org.springframework.boot.origin.SystemEnvironmentOrigin;
import org.springframework.boot.origin.TextResourceOrigin;
import org.springframework.boot.origin.TextResourceOrigin.Location;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.io.ClassPathResource;

import static org.assertj.core.api.Assertions.assertThat;

class OriginDescriberTests {

	private final MapPropertySource source = new MapPropertySource("test", Map.of());

	@Test
	void describesAVariable() {
		assertThat(OriginDescriber.describe(new SystemEnvironmentOrigin("BACKEND_1_URL")))
			.isEqualTo("environment variable BACKEND_1_URL");
	}

	@Test
	void countsLinesFromOne() {
		assertThat(OriginDescriber.describe(new PropertySourceOrigin(this.source, "a",
				new TextResourceOrigin(new ClassPathResource("config/application.yml"), new Location(13, 4)))))
			.isEqualTo("application.yml:14");
	}

	@Test
	void describesTheSourceIfNothingElseIsKnown() {
		assertThat(OriginDescriber.describe(new PropertySourceOrigin(this.source, "a"))).isEqualTo("test");
	}

	@Test
	void returnsNullIfNothingIsKnown() {
		assertThat(OriginDescriber.describe(null)).isNull();
	}

}
