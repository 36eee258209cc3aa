package dev.weir.config;

import java.util.HashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;

import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

class ConfigurationInitializerTests {

	private final GenericApplicationContext context = new GenericApplicationContext();

	ConfigurationInitializerTests() {
		// in the order that Spring Boot gives them
		add("Config resource 'file [application.yml]' via location 'file:./'", "real", "http://real.example");
		add("Config resource 'class path resource [application-demo.yml]' via location 'classpath:/'", "demo",
				"http://127.0.0.1:18081");
	}

	@Test
	void theDemoCallsSimulatedBackendsOnlyWhateverTheUsersFileSays() {
		this.context.getEnvironment().addActiveProfile("demo");
		assertThat(backend()).isEqualTo("demo");
	}

	@Test
	void withoutTheDemoTheUsersFileCounts() {
		assertThat(backend()).isEqualTo("real");
	}

	@Test
	void whatTheCommandLineSaysCountsInTheDemoToo() {
		this.context.getEnvironment().addActiveProfile("demo");
		this.context.getEnvironment()
			.getPropertySources()
			.addFirst(new MapPropertySource("commandLineArgs", Map.of("weir.max-body", "1MB")));
		backend();
		assertThat(live().current().maxBody().toMegabytes()).isEqualTo(1);
	}

	private void add(String source, String name, String url) {
		Map<String, Object> values = new HashMap<>();
		values.put("spring.cloud.gateway.server.webflux.routes[0].uri", "lb://openai");
		values.put("weir.max-body", "2MB");
		values.put("weir.pools.openai.backends[0].name", name);
		values.put("weir.pools.openai.backends[0].url", url);
		this.context.getEnvironment().getPropertySources().addLast(new MapPropertySource(source, values));
	}

	private String backend() {
		new ConfigurationInitializer().initialize(this.context);
		return live().current().pools().get("openai").backends().get(0).name();
	}

	private LiveConfiguration live() {
		return (LiveConfiguration) this.context.getBeanFactory().getSingleton("liveConfiguration");
	}

}
