package dev.weir.config.load;

import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * Finds required properties without a value.
 */
final class RequiredValueCheck {

	private static final Map<String, String> CURES = Map.of("name", "Give the backend a name, such as openai1.", "url",
			Expectation.URL_CURE);

	private final ProblemCollector problems;

	RequiredValueCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurationPropertyName name, @Nullable Object value) {
		if (value instanceof Map<?, ?> map) {
			map.forEach((key, element) -> check(BracketNotation.append(name, String.valueOf(key)), element));
		}
		else if (value instanceof List<?> list) {
			for (int i = 0; i < list.size(); i++) {
				check(name.append("[" + i + "]"), list.get(i));
			}
		}
		else if (value instanceof Record) {
			for (Setting setting : Setting.of(value.getClass())) {
				check(name.append(setting.name()), setting, setting.valueIn(value));
			}
		}
	}

	private void check(ConfigurationPropertyName name, Setting setting, @Nullable Object value) {
		if (value != null) {
			check(name, value);
		}
		else if (setting.required() && !this.problems.isReportedNear(name)) {
			this.problems.report(name, "is missing", CURES.getOrDefault(setting.name(), "Set it."));
		}
	}

}
