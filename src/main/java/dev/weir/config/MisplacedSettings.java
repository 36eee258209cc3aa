package dev.weir.config;

import java.util.Set;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Finds Weir's settings under a wrong name at the top of a file, where there are none
 * under the right one.
 */
final class MisplacedSettings {

	private static final Set<String> ROOT = Set.of(SettingTree.ROOT.toString());

	/** What others put into every environment. */
	private static final Set<String> FOREIGN = Set.of(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
			StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME);

	private final Set<String> reported = new TreeSet<>();

	private final ConfigurableEnvironment environment;

	private final Problems problems;

	MisplacedSettings(ConfigurableEnvironment environment, Problems problems) {
		this.environment = environment;
		this.problems = problems;
	}

	void check() {
		for (PropertySource<?> source : this.environment.getPropertySources()) {
			if (source instanceof EnumerablePropertySource<?> readable && !FOREIGN.contains(source.getName())) {
				for (String name : readable.getPropertyNames()) {
					check(name, OriginLookup.getOrigin(source, name));
				}
			}
		}
	}

	private void check(String property, @Nullable Origin origin) {
		String first = property.replaceFirst("[.\\[].*", "");
		boolean misspelt = !ROOT.contains(first) && Suggestion.of(first, ROOT).isPresent();
		if ((misspelt || first.equals("pools")) && this.reported.add(first)) {
			this.problems.report(origin,
					new ConfigurationProblem(first, null, Origins.describe(origin),
							"is no setting of Weir, and no backend is configured",
							misspelt ? "Did you mean weir?" : "Indent it and put weir: above it."));
		}
	}

}
