package dev.weir.config.load;

import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.cloud.CloudPlatform;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.io.ApplicationResourceLoader;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.structured.StructuredLogFormatter;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.ClassUtils;
import org.springframework.util.unit.DataSize;

/**
 * Checks the settings that Spring Boot reads before any object with properties exists:
 * those of the application, and those of the log because of which a start fails.
 */
final class BootSettingsCheck {

	private static final ConfigurationPropertyName LOGGING = ConfigurationPropertyName.of("logging");

	private static final ConfigurationPropertyName MAIN = ConfigurationPropertyName.of("spring.main");

	/** As {@code CommonStructuredLogFormat}, which does not publish its names. */
	private static final List<String> FORMATS = List.of("ecs", "gelf", "logstash");

	private static final Map<String, Class<?>> TYPES_OF_MAIN = Map.of("spring.main.banner-mode", Banner.Mode.class,
			"spring.main.web-application-type", WebApplicationType.class, "spring.main.cloud-platform",
			CloudPlatform.class, "spring.main.allow-bean-definition-overriding", Boolean.class,
			"spring.main.allow-circular-references", Boolean.class, "spring.main.keep-alive", Boolean.class,
			"spring.main.lazy-initialization", Boolean.class, "spring.main.log-startup-info", Boolean.class,
			"spring.main.register-shutdown-hook", Boolean.class);

	private static final Map<String, Class<?>> TYPES_OF_LOGGING = Map.of("logging.charset.console", Charset.class,
			"logging.charset.file", Charset.class, "logging.console.enabled", Boolean.class,
			"logging.include-application-name", Boolean.class, "logging.include-application-group", Boolean.class,
			"logging.register-shutdown-hook", Boolean.class, "logging.logback.rollingpolicy.max-file-size",
			DataSize.class, "logging.logback.rollingpolicy.total-size-cap", DataSize.class,
			"logging.logback.rollingpolicy.max-history", Integer.class,
			"logging.logback.rollingpolicy.clean-history-on-start", Boolean.class);

	private final Binder binder;

	private final List<ConfigurationProblem> problems = new ArrayList<>();

	/**
	 * Creates a check.
	 * @param next the environment with the new values
	 */
	BootSettingsCheck(ConfigurableEnvironment next) {
		this.binder = Binder.get(next);
	}

	/**
	 * Checks settings.
	 * @param changed the names of the changed properties
	 * @return the mistakes
	 */
	List<ConfigurationProblem> check(Collection<ConfigurationPropertyName> changed) {
		if (changed.stream().anyMatch(MAIN::isAncestorOf)) {
			TYPES_OF_MAIN.forEach((name, type) -> bind(name, Bindable.of(type)));
		}
		if (changed.stream().anyMatch(LOGGING::isAncestorOf)) {
			TYPES_OF_LOGGING.forEach((name, type) -> bind(name, Bindable.of(type)));
			bind("logging.level", Bindable.mapOf(String.class, LogLevel.class));
			bind("logging.group", Bindable.mapOf(String.class, String[].class));
			for (String target : List.of("console", "file")) {
				check("logging.structured.format." + target, BootSettingsCheck::isFormat, "is not a format of the log",
						"Use " + String.join(", ", FORMATS) + ", or the name of a class.");
			}
			check("logging.config", BootSettingsCheck::exists, "is the name of a file that does not exist",
					"Correct the name, or remove it.");
		}
		return this.problems;
	}

	private void bind(String name, Bindable<?> type) {
		try {
			this.binder.bind(name, type);
		}
		catch (BindException ex) {
			this.problems.addAll(ConfigurationReader.describe(ex, false).problems());
		}
	}

	private void check(String name, Predicate<String> valid, String mistake, String cure) {
		String value = this.binder.bind(name, String.class).orElse("").strip();
		if (!value.isEmpty() && !valid.test(value)) {
			this.problems.add(new ConfigurationProblem(name, value, null, mistake, cure));
		}
	}

	private static boolean isFormat(String value) {
		try {
			return FORMATS.contains(value.toLowerCase(Locale.ROOT)) || StructuredLogFormatter.class
				.isAssignableFrom(ClassUtils.forName(value, BootSettingsCheck.class.getClassLoader()));
		}
		catch (ClassNotFoundException | LinkageError ex) {
			return false;
		}
	}

	private static boolean exists(String file) {
		return ApplicationResourceLoader.get().getResource(file).exists();
	}

}
