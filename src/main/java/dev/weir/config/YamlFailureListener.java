package dev.weir.config;

import java.util.List;

import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.YAMLException;

import org.springframework.boot.SpringApplicationRunListener;
import org.springframework.boot.bootstrap.ConfigurableBootstrapContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Adds the file and a cure to a start that failed because of a file that is no YAML. That
 * happens before there is a context, and only here are both the environment and the
 * failure known.
 */
final class YamlFailureListener implements SpringApplicationRunListener, Ordered {

	private @Nullable ConfigurableEnvironment environment;

	/** Before the listener that reads the files, and may fail. */
	@Override
	public int getOrder() {
		return HIGHEST_PRECEDENCE;
	}

	@Override
	public void environmentPrepared(ConfigurableBootstrapContext bootstrapContext,
			ConfigurableEnvironment environment) {
		this.environment = environment;
	}

	@Override
	public void failed(@Nullable ConfigurableApplicationContext context, Throwable exception) {
		if (this.environment == null || context != null) {
			return;
		}
		for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
			if (cause instanceof YAMLException mistake) {
				ConfigurationPlaces places = ConfigurationPlaces.of(this.environment);
				exception.addSuppressed(new InvalidConfigurationException(
						List.of(YamlMistake.describe(mistake, places.candidates())), null));
				return;
			}
		}
	}

}
