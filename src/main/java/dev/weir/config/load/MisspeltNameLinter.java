package dev.weir.config.load;

import java.beans.PropertyDescriptor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

import org.springframework.beans.BeanUtils;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

import dev.weir.config.Suggestion;

/**
 * Finds misspelt names of the listener's properties and of {@code weir} itself. Spring
 * Boot ignores them, so that the listener would have no TLS, for instance. A name that is
 * not similar to a known one is the user's own.
 */
final class MisspeltNameLinter {

	/** Sources in which other programs have settings as well, and Weir's own. */
	private static final Set<String> IGNORED = Set.of(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
			StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME, BundledSettingsPostProcessor.DEFAULTS,
			BundledSettingsPostProcessor.DEMO, ListenerBundles.SOURCE);

	/** Below {@code server}, but properties of other classes. */
	private static final List<String> SERVERS = List.of("netty", "tomcat", "jetty", "undertow");

	/** The names that exist below a name. */
	private static final Map<ConfigurationPropertyName, List<String>> KNOWN = Map.of(ConfigurationPropertyName.EMPTY,
			List.of("weir", "server", "management", "logging"), ConfigurationPropertyName.of("server"),
			Stream.concat(names(ServerProperties.class), SERVERS.stream()).toList(),
			ConfigurationPropertyName.of("server.ssl"), names(Ssl.class).toList(),
			ConfigurationPropertyName.of("management.server.ssl"), names(Ssl.class).toList());

	private MisspeltNameLinter() {
	}

	/**
	 * Finds probable mistakes.
	 * @param environment the settings
	 * @return the findings, possibly none
	 */
	static List<ConfigurationProblem> warnings(ConfigurableEnvironment environment) {
		Map<ConfigurationPropertyName, ConfigurationProblem> warnings = new LinkedHashMap<>();
		Set<ConfigurationPropertyName> seen = new HashSet<>();
		for (PropertySource<?> source : environment.getPropertySources()) {
			if (!IGNORED.contains(source.getName()) && ConfigurationPropertySource
				.from(source) instanceof IterableConfigurationPropertySource properties) {
				properties.stream()
					.filter((name) -> !SettingTree.ROOT.isAncestorOf(name))
					.forEach((name) -> KNOWN.keySet()
						.stream()
						.filter((parent) -> parent.isEmpty() || parent.isAncestorOf(name))
						.map((parent) -> name.chop(parent.getNumberOfElements() + 1))
						.filter(seen::add)
						.forEach((part) -> suggestion(part)
							.ifPresent((known) -> warnings.put(part, warning(part, known, properties, name)))));
			}
		}
		return new ArrayList<>(warnings.values());
	}

	private static ConfigurationProblem warning(ConfigurationPropertyName part, String known,
			IterableConfigurationPropertySource source, ConfigurationPropertyName written) {
		ConfigurationProperty property = source.getConfigurationProperty(written);
		return new ConfigurationProblem(part.toString(), null,
				(property != null) ? OriginDescriber.describe(property.getOrigin()) : null,
				"is not a property that Weir or Spring Boot reads", "Did you mean " + known + "?");
	}

	private static Optional<String> suggestion(ConfigurationPropertyName name) {
		List<String> known = KNOWN.getOrDefault(name.getParent(), List.of());
		String written = name.getLastElement(Form.UNIFORM);
		boolean exists = known.stream().anyMatch((other) -> other.replace("-", "").equals(written));
		return exists ? Optional.empty() : Suggestion.of(name.getLastElement(Form.DASHED), known);
	}

	private static Stream<String> names(Class<?> type) {
		return Arrays.stream(BeanUtils.getPropertyDescriptors(type))
			.map(PropertyDescriptor::getName)
			.filter((name) -> !name.equals("class"))
			.map(DataObjectPropertyName::toDashedForm);
	}

}
