package dev.weir.config.load;

import java.util.List;

import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.YAMLException;

import org.springframework.boot.SpringApplicationRunListener;
import org.springframework.boot.bootstrap.ConfigurableBootstrapContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Adds the file and a cure to the failure of a start with a file that is not valid YAML.
 * Such a start fails before there is a context. Only a run listener knows both the
 * environment and the failure.
 */
final class YamlFailureListener implements SpringApplicationRunListener, Ordered {

	private @Nullable ConfigurableEnvironment environment;

	/** Before the listener that reads the files, because that one may fail. */
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
			if (cause instanceof YAMLException failure) {
				ConfigurationLocations locations = ConfigurationLocations.of(this.environment);
				exception.addSuppressed(new InvalidConfigurationException(
						List.of(YamlProblemDescriber.describe(failure, locations.candidates())), null));
				return;
			}
		}
	}

}
