package dev.weir.config.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ByteArrayResource;

import dev.weir.config.BackendProperties;
import dev.weir.config.PoolProperties;
import dev.weir.config.WeirProperties;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * An environment with an {@code application.yml} and variables, and what the loader makes
 * of it.
 */
final class SettingsFixture {

	static final String ROUTE = """
			spring.cloud.gateway.server.webflux.routes:
			  - id: openai
			    uri: lb://openai
			    predicates: Path=/**
			""";

	private final StandardEnvironment environment = new StandardEnvironment();

	private final Map<String, Object> variables = new LinkedHashMap<>();

	private final Map<String, Object> arguments = new LinkedHashMap<>();

	private SettingsFixture() {
		this.environment.getPropertySources().addFirst(new MapPropertySource("commandLineArgs", this.arguments));
		this.environment.getPropertySources()
			.replace(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, new SystemEnvironmentPropertySource(
					StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, this.variables));
	}

	/** With exactly this file. */
	static SettingsFixture file(String yaml) {
		SettingsFixture configured = new SettingsFixture();
		try {
			new YamlPropertySourceLoader().load("application.yml", new ApplicationYml(yaml))
				.forEach(configured.environment.getPropertySources()::addLast);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return configured;
	}

	/** With a route to the pool {@code openai} and this below {@code weir}. */
	static SettingsFixture weir(String yaml) {
		return file(ROUTE + "weir:\n" + yaml.indent(2));
	}

	/** With a valid backend and this below the pool. */
	static SettingsFixture pool(String yaml) {
		return weir("pools:\n  openai:\n    backends:\n      - name: openai1\n        url: https://one.example\n"
				+ yaml.indent(4));
	}

	/** With a backend that has a name, a url and this. */
	static SettingsFixture backend(String yaml) {
		return namelessBackend("name: openai1\nurl: https://one.example\n" + yaml);
	}

	/** With a backend that has only this. */
	static SettingsFixture namelessBackend(String yaml) {
		return weir("pools:\n  openai:\n    backends:\n      -\n" + yaml.indent(8));
	}

	SettingsFixture variable(String name, String value) {
		this.variables.put(name, value);
		return this;
	}

	SettingsFixture property(String name, String value) {
		this.arguments.put(name, value);
		return this;
	}

	WeirProperties load() {
		return new ConfigurationLoader().load(this.environment);
	}

	/** Every warning, without where it is. */
	List<String> warnings() {
		return ConfigurationLinter.lint(this.environment, load())
			.stream()
			.map((problem) -> problem.property() + ": " + problem.mistake())
			.toList();
	}

	/** What is wrong where these are all the predicates and filters there are. */
	String reportWith(RouteFactoryNames parts) {
		return catchThrowableOfType(InvalidConfigurationException.class,
				() -> new ConfigurationLoader(parts).load(this.environment))
			.report();
	}

	PoolProperties pool() {
		return load().pools().get("openai");
	}

	BackendProperties firstBackend() {
		return pool().backends().get(0);
	}

	InvalidConfigurationException failure() {
		return catchThrowableOfType(InvalidConfigurationException.class, this::load);
	}

	String report() {
		return failure().report();
	}

	/** Every mistake without where it is, which the tests of one rule need not know. */
	List<String> mistakes() {
		return failure().problems()
			.stream()
			.map((problem) -> new ConfigurationProblem(problem.property(), problem.value(), null, problem.mistake(),
					problem.cure())
				.toString())
			.toList();
	}

	private static final class ApplicationYml extends ByteArrayResource {

		private ApplicationYml(String yaml) {
			super(yaml.getBytes(StandardCharsets.UTF_8));
		}

		@Override
		public String getFilename() {
			return "application.yml";
		}

	}

}
