package dev.weir.config.load;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.env.OriginTrackedMapPropertySource;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.boot.origin.OriginTrackedValue;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

import dev.weir.config.Suggestion;

/**
 * The variables that define backends of the pool {@code openai}: those of
 * Azure-Samples/openai-aca-lb ({@code BACKEND_<id>_URL}, {@code _PRIORITY},
 * {@code _APIKEY}, {@code _DEPLOYMENT_NAME}) and Weir's additions ({@code _NAME},
 * {@code _MODELS}, {@code _DIALECT}).
 */
final class BackendVariables {

	static final ConfigurationPropertyName BACKENDS = PoolCheck.POOLS.append("openai.backends");

	private static final Comparator<String> ID_ORDER = Comparator
		.comparingInt((String id) -> id.matches("\\d+") ? id.replaceFirst("^0+", "").length() : Integer.MAX_VALUE)
		.thenComparing(Comparator.naturalOrder());

	private static final Pattern OPENAI_URL = Pattern.compile(".*(?<!/openai)/v1/?");

	/** The variables by id and by suffix. */
	private final Map<String, Map<String, BackendVariable>> backends = new TreeMap<>(ID_ORDER);

	private BackendVariables() {
	}

	/**
	 * Collects the variables from all property sources.
	 */
	static BackendVariables of(ConfigurableEnvironment environment) {
		BackendVariables variables = new BackendVariables();
		for (PropertySource<?> source : environment.getPropertySources()) {
			if (source instanceof EnumerablePropertySource<?> readable) {
				variables.addAll(readable, environment);
			}
		}
		variables.backends.values().removeIf((backend) -> !isDefined(backend));
		return variables;
	}

	private void addAll(EnumerablePropertySource<?> source, ConfigurableEnvironment environment) {
		for (String name : source.getPropertyNames()) {
			if (name.regionMatches(true, 0, "BACKEND_", 0, 8)) {
				String value = environment.resolvePlaceholders(String.valueOf(source.getProperty(name)));
				BackendVariable variable = BackendVariable.of(name, value, OriginLookup.getOrigin(source, name));
				if (variable != null) {
					this.backends.computeIfAbsent(variable.id().toUpperCase(Locale.ROOT), (id) -> new TreeMap<>())
						.putIfAbsent(variable.suffix(), variable);
				}
			}
		}
	}

	private static boolean isDefined(Map<String, BackendVariable> backend) {
		return backend.values().stream().anyMatch(BackendVariable::definesBackend)
				|| backend.keySet().containsAll(Set.of("NAME", "MODELS"));
	}

	boolean isEmpty() {
		return this.backends.isEmpty();
	}

	/**
	 * Returns the variables as properties of the pool.
	 */
	PropertySource<?> asProperties() {
		Map<String, Object> properties = new LinkedHashMap<>();
		forEach((at, backend) -> {
			BackendVariable first = backend.values().iterator().next();
			properties.put(at + ".name", OriginTrackedValue.of(first.backend(), first.origin()));
			if (!hasOpenAiUrl(backend)) {
				properties.put(at + ".dialect", OriginTrackedValue.of("azure", first.origin()));
			}
			for (BackendVariable variable : backend.values()) {
				variable.properties()
					.forEach((property, value) -> properties.put(at + "." + property,
							OriginTrackedValue.of(value, variable.origin())));
			}
		});
		return new OriginTrackedMapPropertySource("BACKEND_ variables", properties);
	}

	// all backends are Azure's by default, but no URL of Azure ends like this
	private static boolean hasOpenAiUrl(Map<String, BackendVariable> backend) {
		BackendVariable url = backend.get("URL");
		return url != null && OPENAI_URL.matcher(url.value()).matches();
	}

	/**
	 * Returns the variable that sets or could set a property, for each property of the
	 * backends. Messages use it in place of the property.
	 */
	Map<ConfigurationPropertyName, String> names() {
		Map<ConfigurationPropertyName, String> names = new LinkedHashMap<>();
		forEach((at, backend) -> {
			String name = backend.values().iterator().next().backend();
			names.put(at, name);
			BackendVariable.PROPERTIES
				.forEach((suffix, property) -> names.put(at.append(property), name + "_" + suffix));
			backend.values()
				.forEach((variable) -> variable.properties()
					.keySet()
					.forEach((property) -> names.put(at.append(property),
							variable.backend() + "_" + variable.suffix())));
			if (!backend.containsKey("NAME")) {
				names.put(at.append("name"), name);
			}
		});
		return names;
	}

	void check(WeirSources written, ProblemCollector problems) {
		List<BackendVariable> all = this.backends.values()
			.stream()
			.flatMap((backend) -> backend.values().stream())
			.toList();
		for (BackendVariable variable : all) {
			if (!variable.isKnown()) {
				problems.report(variable.origin(),
						problem(variable, null, "there is no such variable", cure(variable)));
			}
			else if (variable.suffix().equals("MODELS") && ModelListParser.parse(variable.value()).isEmpty()) {
				problems.report(variable.origin(), problem(variable, variable.value(),
						"must be a list of models and their deployments",
						"Write model=deployment, separated by commas: gpt-4o=chat,text-embedding-3-large=embedding."));
			}
		}
		ConfigurationProperty other = all.isEmpty() ? null : written.findWithin(BACKENDS);
		if (other != null) {
			problems.report(other.getOrigin(),
					new ConfigurationProblem(BACKENDS.toString(), null, OriginDescriber.describe(other.getOrigin()),
							"conflicts with " + all.get(0).name() + ", which defines backends of the same pool",
							"Remove these backends, or remove the variables that begin with BACKEND_."));
		}
	}

	private static ConfigurationProblem problem(BackendVariable variable, @Nullable String value, String mistake,
			String cure) {
		return new ConfigurationProblem(variable.name(), value, OriginDescriber.describe(variable.origin()), mistake,
				cure);
	}

	private static String cure(BackendVariable unknown) {
		List<String> suffixes = BackendVariable.PROPERTIES.keySet().stream().sorted().toList();
		return Suggestion.of(unknown.suffix(), suffixes)
			.map((suffix) -> "Did you mean " + unknown.backend() + "_" + suffix + "?")
			.orElse("There are _" + String.join(", _", suffixes) + ".");
	}

	private void forEach(BiConsumer<ConfigurationPropertyName, Map<String, BackendVariable>> action) {
		int index = 0;
		for (Map<String, BackendVariable> backend : this.backends.values()) {
			action.accept(BACKENDS.append("[" + index++ + "]"), backend);
		}
	}

}
