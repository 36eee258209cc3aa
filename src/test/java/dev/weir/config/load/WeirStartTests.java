package dev.weir.config.load;

import java.util.Map;
import java.util.stream.Stream;

import dev.weir.WeirApplication;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import dev.weir.config.LiveConfiguration;
import dev.weir.config.WeirProperties;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@ExtendWith(OutputCaptureExtension.class)
class WeirStartTests {

	@Test
	void endsWithOneMessageIfNothingIsConfigured(CapturedOutput output) {
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
	void providesTheCurrentSettings() {
		try (ConfigurableApplicationContext context = start("--BACKEND_1_URL=https://one.example",
				"--spring.cloud.gateway.server.webflux.routes[0].id=openai",
				"--spring.cloud.gateway.server.webflux.routes[0].uri=lb://openai",
				"--spring.cloud.gateway.server.webflux.routes[0].predicates[0]=Path=/**")) {
			assertThat(context.getBean(LiveConfiguration.class).current().pools()).containsOnlyKeys("openai");
			assertThat(context.getBeansOfType(WeirProperties.class)).isEmpty();
		}
	}

	@Test
	void reportsAllInvalidArgumentsOfPredicatesAndFiltersAtOnce(CapturedOutput output) {
		String route = "--spring.cloud.gateway.server.webflux.routes[0].";
		assertThatExceptionOfType(InvalidConfigurationException.class)
			.isThrownBy(
					() -> start("--BACKEND_1_URL=https://one.example", route + "id=openai", route + "uri=lb://openai",
							route + "predicates[0]=Path=/v1/**", route + "predicates[1]=Header=x-team, [canary",
							route + "predicates[2]=After=canary", route + "filters[0]=StripPrefix=canary",
							route + "filters[1].name=SetPath", route + "filters[1].args.other=canary",
							"--spring.cloud.gateway.server.webflux.default-filters[0]=RewritePath=(canary, /x")
						.close())
			.satisfies((ex) -> assertThat(ex.problems()).extracting((problem) -> problem.property().substring(36))
				.containsExactly("routes[0].predicates[1]", "routes[0].predicates[2]", "routes[0].filters[0]",
						"routes[0].filters[1]", "default-filters[0]"));
		assertThat(output).contains("has 5 mistakes")
			.contains("has a value that is invalid for the predicate Header: its regular expression has an error")
			.contains("the filter StripPrefix: parts must be a whole number")
			.contains("commandLineArgs")
			.doesNotContain("canary", "\tat ", "Refresh routes error", "Netty started");
	}

	private static ConfigurableApplicationContext start(String... arguments) {
		SpringApplication application = new SpringApplication(WeirApplication.class);
		application.setDefaultProperties(Map.of("spring.config.location", "optional:classpath:/none/"));
		return application
			.run(Stream.concat(Stream.of("--server.port=0"), Stream.of(arguments)).toArray(String[]::new));
	}

}
