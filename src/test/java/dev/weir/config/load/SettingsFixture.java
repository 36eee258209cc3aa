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
 * An environment with an {@code application.yml} and variables, and the result of loading
 * it.
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

	/** Creates an environment with exactly this file. */
	static SettingsFixture file(String yaml) {
		SettingsFixture settings = new SettingsFixture();
		try {
			new YamlPropertySourceLoader().load("application.yml", new ApplicationYml(yaml))
				.forEach(settings.environment.getPropertySources()::addLast);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return settings;
	}

	/** Adds a route to the pool {@code openai} and these lines below {@code weir}. */
	static SettingsFixture weir(String yaml) {
		return file(ROUTE + "weir:\n" + yaml.indent(2));
	}

	/** Adds a valid backend and these lines below its pool. */
	static SettingsFixture pool(String yaml) {
		return weir("pools:\n  openai:\n    backends:\n      - name: openai1\n        url: https://one.example\n"
				+ yaml.indent(4));
	}

	/** Adds a backend with a name, a url and these lines. */
	static SettingsFixture backend(String yaml) {
		return namelessBackend("name: openai1\nurl: https://one.example\n" + yaml);
	}

	/** Adds a backend with these lines only. */
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

	/** Returns all warnings without their origins. */
	List<String> warnings() {
		return ConfigurationLinter.lint(this.environment, load())
			.stream()
			.map((problem) -> problem.property() + ": " + problem.mistake())
			.toList();
	}

	/** Returns the cures of all warnings. */
	List<String> cures() {
		return ConfigurationLinter.lint(this.environment, load()).stream().map(ConfigurationProblem::cure).toList();
	}

	/** Returns the report if these predicates and filters exist and no others. */
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

	/** Returns all mistakes without their origins. */
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
