package dev.weir.config.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.YAMLException;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.io.ResourceLoader;

import dev.weir.config.WeirProperties;

/**
 * Reads the configuration files while Weir runs, with the same checks and messages as at
 * the start. It changes nothing.
 */
public final class ConfigurationReader {

	private final ConfigurableEnvironment running;

	private final ConfigurationLoader loader;

	private final ResourceLoader resources;

	private final RouteArgumentCheck routeCheck;

	private final StartSettingsCheck startCheck;

	// the files of a configuration that was refused
	private Set<Path> refused = Set.of();

	ConfigurationReader(ConfigurableEnvironment running, RouteFactoryNames factories, ResourceLoader resources,
			RouteArgumentCheck routeCheck, StartSettingsCheck startCheck) {
		this.running = running;
		this.loader = new ConfigurationLoader(factories);
		this.resources = resources;
		this.routeCheck = routeCheck;
		this.startCheck = startCheck;
	}

	/**
	 * The configuration with which Weir has started.
	 * @param properties the settings
	 * @param gateway the settings of the gateway
	 * @return the configuration
	 */
	public LoadedConfiguration started(WeirProperties properties, GatewayProperties gateway) {
		// a reload changes the lists of the gateway's own object
		GatewayProperties copy = new GatewayProperties();
		copy.setRoutes(List.copyOf(gateway.getRoutes()));
		copy.setDefaultFilters(List.copyOf(gateway.getDefaultFilters()));
		return new LoadedConfiguration(this.running, properties, copy);
	}

	/**
	 * Reads the files.
	 * @param last the configuration that was read last and is valid
	 * @return a valid configuration
	 * @throws InvalidConfigurationException if a file cannot be read or there is any
	 * mistake
	 */
	public LoadedConfiguration read(LoadedConfiguration last) {
		List<Path> files = ConfigurationLocations.of(last.environment()).candidates();
		YamlSizeCheck.check(files);
		this.refused = WatchedFiles.importsOf(files);
		YamlSizeCheck.check(this.refused);
		ConfigurableEnvironment environment = readFiles(last);
		this.refused = WatchedFiles.of(environment);
		checkFiles(last, environment);
		WeirProperties properties = this.loader.loadAgain(environment);
		GatewayProperties gateway = bindGateway(environment);
		this.routeCheck.check(environment, gateway);
		LoadedConfiguration next = new LoadedConfiguration(environment, properties, gateway);
		this.startCheck.check(environment, next.restartNeededSince(last));
		this.refused = Set.of();
		return next;
	}

	/**
	 * The files whose changes can change the configuration: those of the current
	 * configuration, those that were added to its folders, and those that were refused
	 * after it.
	 * @param current the configuration in use
	 * @return a source of absolute paths of files, which may not exist. It reads the
	 * folders each time, but no properties
	 */
	public Supplier<Set<Path>> watchedFiles(LoadedConfiguration current) {
		return WatchedFiles.inFoldersOf(current.environment(), this.refused);
	}

	// without a file that was read before, the other files may be valid by chance
	private static void checkFiles(LoadedConfiguration last, @Nullable ConfigurableEnvironment next) {
		List<ConfigurationProblem> problems = new ArrayList<>();
		for (Path file : ConfigurationLocations.of(last.environment()).filesRead()) {
			boolean wanted = next == null || !WatchedFiles.importsOf(last.environment()).contains(file)
					|| WatchedFiles.importsOf(next).contains(file);
			String mistake = wanted ? mistakeOf(file) : null;
			if (mistake != null) {
				problems.add(new ConfigurationProblem(file.toString(), null, null, mistake,
						"Restore the file, or start Weir again to run without it."));
			}
		}
		if (!problems.isEmpty()) {
			throw new InvalidConfigurationException(problems);
		}
	}

	private static @Nullable String mistakeOf(Path file) {
		if (!Files.exists(file)) {
			return "does not exist any more";
		}
		if (!Files.isRegularFile(file)) {
			return "is not a file any more";
		}
		if (!Files.isReadable(file)) {
			return "is not readable for the user that runs Weir";
		}
		try {
			return (Files.size(file) == 0) ? "is empty" : null;
		}
		catch (IOException ex) {
			return "cannot be read";
		}
	}

	private ConfigurableEnvironment readFiles(LoadedConfiguration last) {
		try {
			return FreshEnvironment.read(this.running, this.resources);
		}
		catch (RuntimeException ex) {
			for (Throwable cause = ex; cause != null; cause = cause.getCause()) {
				if (cause instanceof YAMLException yaml) {
					throw new InvalidConfigurationException(List.of(YamlProblemDescriber.describe(yaml,
							ConfigurationLocations.of(last.environment()).candidates())));
				}
			}
			// a missing file has a better message
			checkFiles(last, null);
			throw new InvalidConfigurationException(List.of(new ConfigurationProblem("spring.config", null, null,
					"cannot be read: " + ex.getMessage(), "Check the locations and imports of files.")));
		}
	}

	private static GatewayProperties bindGateway(ConfigurableEnvironment environment) {
		try {
			return Binder.get(environment).bindOrCreate(GatewayProperties.PREFIX, GatewayProperties.class);
		}
		catch (BindException ex) {
			throw describe(ex, false);
		}
	}

	/**
	 * Describes a value that does not fit its property. The value is not shown, because
	 * it may be a secret.
	 * @param failure the failure
	 * @param withReason whether the message of the cause may be shown
	 * @return an exception with one problem
	 */
	public static InvalidConfigurationException describe(BindException failure, boolean withReason) {
		Throwable cause = NestedExceptionUtils.getMostSpecificCause(failure);
		String reason = (withReason && cause != failure && cause.getMessage() != null) ? ": " + cause.getMessage() : "";
		ConfigurationProperty property = failure.getProperty();
		Expectation expectation = Expectation.ofSpring(failure.getTarget());
		return new InvalidConfigurationException(List
			.of(new ConfigurationProblem(((property != null) ? property.getName() : failure.getName()).toString(), null,
					(property != null) ? OriginDescriber.describe(property.getOrigin()) : null,
					expectation.mistake() + reason, expectation.cure())));
	}

}
