package dev.weir.config;

import java.util.Map;

import dev.weir.WeirApplication;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@ExtendWith(OutputCaptureExtension.class)
class WeirStartTests {

	@Test
	void endsWithOneMessageWhenNothingIsConfigured(CapturedOutput output) {
		assertThatExceptionOfType(Exception.class).isThrownBy(() -> start().close());
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("Weir's configuration has one mistake:\n\nweir.pools: there is no backend")
			.contains("BACKEND_1_URL")
			.contains("-Dspring-boot.run.profiles=demo")
			.contains("docs/configuration.md")
			.doesNotContain("\tat ")
			.satisfies((text) -> assertThat(text.toString().split("there is no backend", -1)).hasSize(2));
	}

	@Test
	void putsTheSettingsInForce() {
		try (ConfigurableApplicationContext context = start("--BACKEND_1_URL=https://one.example",
				"--spring.cloud.gateway.server.webflux.routes[0].id=openai",
				"--spring.cloud.gateway.server.webflux.routes[0].uri=lb://openai",
				"--spring.cloud.gateway.server.webflux.routes[0].predicates[0]=Path=/**")) {
			assertThat(context.getBean(LiveConfiguration.class).current().pools()).containsOnlyKeys("openai");
			assertThat(context.getBeansOfType(WeirProperties.class)).isEmpty();
		}
	}

	private static ConfigurableApplicationContext start(String... arguments) {
		SpringApplication application = new SpringApplication(WeirApplication.class);
		application
			.setDefaultProperties(Map.of("server.port", "0", "spring.config.location", "optional:classpath:/none/"));
		return application.run(arguments);
	}

}
