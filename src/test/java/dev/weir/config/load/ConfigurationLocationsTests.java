package dev.weir.config.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Uses files that Spring Boot itself reads, because {@link ConfigurationLocations}
 * depends on the names that Spring Boot gives to their property sources.
 */
class ConfigurationLocationsTests {

	@TempDir
	private Path folder;

	@Test
	void w12ReportsTheFilesOfALocationFromAVariable() throws IOException {
		Path file = write("application.yml", "a: 1");
		Path profile = write("application-test.properties", "b=2");
		write("other.yml", "c: 3");
		assertThat(
				places(Map.of("SPRING_CONFIG_LOCATION", "file:" + this.folder + "/", "SPRING_PROFILES_ACTIVE", "test")))
			.contains("Configuration read from " + profile + ", " + file + "; searched " + this.folder
					+ "/ for application.{yml,yaml,properties} and the files of profiles")
			.doesNotContain("other.yml");
	}

	@Test
	void w12ReportsFilesWithAnotherName() throws IOException {
		Path file = write("weir.yaml", "a: 1");
		assertThat(places(Map.of("SPRING_CONFIG_NAME", "weir", "SPRING_CONFIG_LOCATION", this.folder + "/"))).contains(
				"Configuration read from " + file + "; searched " + this.folder + "/ for weir.{yml,yaml,properties}");
	}

	@Test
	void w12ReportsASingleFile() throws IOException {
		Path file = write("my.yml", "a: 1");
		assertThat(places(Map.of("SPRING_CONFIG_LOCATION", file.toString())))
			.startsWith("Configuration read from " + file + "; searched " + file);
	}

	@Test
	void w12ReportsThatNoFileWasReadAndWhichLocationsWereSearched() {
		assertThat(places(
				Map.of("SPRING_CONFIG_LOCATION", "optional:file:" + this.folder + "/x/,optional:classpath:/none/")))
			.startsWith("No configuration file was read; searched " + this.folder
					+ "/x/, classpath:/none/ for application.");
	}

	@Test
	void candidatesAreTheFilesWithTheConfiguredNames() throws IOException {
		Path file = write("application.yml", "a: 1");
		Path profile = write("application-test.yaml", "b: 2");
		write("other.yml", "c: 3");
		StandardEnvironment environment = new StandardEnvironment();
		environment.getSystemProperties().put("spring.config.location", this.folder + "/,classpath:/x/");
		try {
			assertThat(ConfigurationLocations.of(environment).candidates()).containsExactlyInAnyOrder(file, profile);
		}
		finally {
			environment.getSystemProperties().remove("spring.config.location");
		}
	}

	private Path write(String name, String text) throws IOException {
		return Files.writeString(this.folder.resolve(name), text);
	}

	private static String places(Map<String, Object> variables) {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources()
			.replace(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, new SystemEnvironmentPropertySource(
					StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, new HashMap<>(variables)));
		SpringApplication application = new SpringApplication(Empty.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setEnvironment(environment);
		application.setInitializers(java.util.List.of());
		application.setLogStartupInfo(false);
		try (ConfigurableApplicationContext context = application.run()) {
			return ConfigurationLocations.of(context.getEnvironment()).toString();
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Empty {

	}

}
