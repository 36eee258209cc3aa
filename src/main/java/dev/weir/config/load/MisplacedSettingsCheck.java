package dev.weir.config.load;

import java.util.Set;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

import dev.weir.config.Suggestion;

/**
 * Finds Weir's settings under a wrong name at the top level of a file. It is used if
 * there are no settings below {@code weir}.
 */
final class MisplacedSettingsCheck {

	private static final Set<String> ROOT = Set.of(SettingTree.ROOT.toString());

	/** Sources in which other programs have settings as well. */
	private static final Set<String> FOREIGN = Set.of(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
			StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME);

	private final Set<String> reported = new TreeSet<>();

	private final ConfigurableEnvironment environment;

	private final ProblemCollector problems;

	MisplacedSettingsCheck(ConfigurableEnvironment environment, ProblemCollector problems) {
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
					new ConfigurationProblem(first, null, OriginDescriber.describe(origin),
							"is not a setting of Weir, and no backend is configured",
							misspelt ? "Did you mean weir?" : "Indent it and write weir: above it."));
		}
	}

}
