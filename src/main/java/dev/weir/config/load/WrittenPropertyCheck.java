package dev.weir.config.load;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.core.ResolvableType;

import dev.weir.config.Secret;
import dev.weir.config.Suggestion;

/**
 * Checks for each property that is written below {@code weir} that it exists, and that
 * the variables in its value are set.
 */
final class WrittenPropertyCheck {

	/** Sections that other classes read. */
	private static final Set<ConfigurationPropertyName> IGNORED = Set.of(SettingTree.ROOT.append("simulator"));

	/** A variable as a shell, a container platform or Windows writes it. */
	private static final Pattern FOREIGN_REFERENCE = Pattern
		.compile("\\s*(\\$NAME|\\$\\(NAME\\)|\\$(?i:env):NAME|%NAME%)\\s*".replace("NAME", "[A-Z_][A-Z0-9_]*"));

	private static final Pattern REFERENCE = Pattern.compile("\\$\\{([\\w.-]+)(:[^}]*)?}");

	private final WeirSources sources;

	private final ProblemCollector problems;

	WrittenPropertyCheck(WeirSources sources, ProblemCollector problems) {
		this.sources = sources;
		this.problems = problems;
	}

	void check() {
		this.sources.emptyBranches().forEach((branch) -> {
			ConfigurationPropertyName name = branch.getKey();
			if (name.isNumericIndex(name.getNumberOfElements() - 1)) {
				this.problems.reportOnce(name, branch.getValue(), null, "is present, but empty",
						"Indent its properties below the '-', or remove the '-'.");
			}
		});
		this.sources.names().filter((name) -> !IGNORED.contains(name.chop(2))).forEach((name) -> {
			ConfigurationPropertyName unknown = SettingTree.unknownPart(name);
			if (unknown != null) {
				reportUnknown(unknown);
			}
			else {
				checkReferences(name);
				checkForeignReferences(name);
				checkText(name);
			}
		});
	}

	private void reportUnknown(ConfigurationPropertyName name) {
		ResolvableType parent = Objects.requireNonNull(SettingTree.typeOf(name.getParent()));
		if (SettingTree.isCollection(parent)) {
			this.problems.report(name.getParent(), "must be a list", "Begin each entry with '- ' on a separate line.");
			return;
		}
		List<String> candidates = SettingTree.namesBelow(parent);
		if (candidates.isEmpty()) {
			this.problems.report(name, "is not allowed here: " + name.getParent() + " has a single value",
					"Write the value on the same line, after the colon.");
			return;
		}
		this.problems.report(name, "there is no such property",
				Suggestion.of(name.getLastElement(Form.DASHED), candidates)
					.map((suggestion) -> "Did you mean " + suggestion + "?")
					.orElse("There are " + String.join(", ", candidates) + "."));
	}

	/** Without braces a text is not a reference, and everybody could guess the key. */
	private void checkForeignReferences(ConfigurationPropertyName name) {
		ConfigurationProperty property = this.sources.find(name);
		String text = (property != null) ? String.valueOf(property.getValue()) : "";
		if (Arrays.stream(text.split(",")).anyMatch((part) -> FOREIGN_REFERENCE.matcher(part).matches())) {
			this.problems.report(name, "is the name of a variable, not its value",
					"Write ${NAME}, with a dollar sign and braces.");
		}
	}

	/**
	 * YAML reads {@code no} and {@code off} as booleans, 1.10 as 1.1, and a key of digits
	 * that begins with 0 as another number.
	 */
	private void checkText(ConfigurationPropertyName name) {
		ConfigurationProperty property = this.sources.find(name);
		ResolvableType type = SettingTree.typeOf(name);
		Object value = (property != null) ? property.getValue() : null;
		boolean other = value instanceof Boolean || value instanceof Double || value instanceof Float;
		if (type != null
				&& ((other && isText(type)) || (value instanceof Number && elementType(type) == Secret.class))) {
			this.problems.report(name,
					"is a text that YAML reads as " + ((value instanceof Boolean) ? "true or false" : "a number"),
					"Write it in quotes.");
		}
	}

	private static boolean isText(ResolvableType type) {
		Class<?> text = elementType(type);
		return text == String.class || text == Secret.class;
	}

	private static Class<?> elementType(ResolvableType type) {
		return SettingTree.isCollection(type) ? type.getGeneric(0).resolve(Object.class) : type.resolve(Object.class);
	}

	private void checkReferences(ConfigurationPropertyName name) {
		ConfigurationProperty property = this.sources.find(name);
		Matcher reference = REFERENCE.matcher((property != null) ? this.sources.resolve(property.getValue()) : "");
		if (reference.find()) {
			String variable = reference.group(1);
			this.problems.report(name, "refers to " + variable + ", which is not set",
					"Set it, or write a default value: ${" + variable + ":…}.");
		}
	}

}
