package dev.weir.config;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.env.OriginTrackedMapPropertySource;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.boot.origin.OriginTrackedValue;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/**
 * Backends of the pool {@code openai} in the environment, as Azure-Samples/openai-aca-lb
 * has them: {@code BACKEND_<id>_URL}, {@code _PRIORITY}, {@code _APIKEY} and
 * {@code _DEPLOYMENT_NAME}; and what it lacks, {@code _NAME}, {@code _MODELS} and
 * {@code _DIALECT}.
 */
final class BackendVariables {

	static final ConfigurationPropertyName BACKENDS = PoolRules.POOLS.append("openai.backends");

	private static final Comparator<String> ID_ORDER = Comparator
		.comparingInt((String id) -> id.matches("\\d+") ? id.replaceFirst("^0+", "").length() : Integer.MAX_VALUE)
		.thenComparing(Comparator.naturalOrder());

	private static final Pattern OPENAI_URL = Pattern.compile(".*(?<!/openai)/v1/?");

	/** By id, then by suffix. */
	private final Map<String, Map<String, BackendVariable>> backends = new TreeMap<>(ID_ORDER);

	private BackendVariables() {
	}

	static BackendVariables in(ConfigurableEnvironment environment) {
		BackendVariables variables = new BackendVariables();
		for (PropertySource<?> source : environment.getPropertySources()) {
			if (source instanceof EnumerablePropertySource<?> readable) {
				variables.addAll(readable, environment);
			}
		}
		variables.backends.values().removeIf((backend) -> !announced(backend));
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

	private static boolean announced(Map<String, BackendVariable> backend) {
		return backend.values().stream().anyMatch(BackendVariable::announcesBackend)
				|| backend.keySet().containsAll(Set.of("NAME", "MODELS"));
	}

	boolean isEmpty() {
		return this.backends.isEmpty();
	}

	/**
	 * The variables as properties of the pool.
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

	// the original load balancer has Azure's backends only; but none of them ends so
	private static boolean hasOpenAiUrl(Map<String, BackendVariable> backend) {
		BackendVariable url = backend.get("URL");
		return url != null && OPENAI_URL.matcher(url.value()).matches();
	}

	/**
	 * The variable, or the one that could be set, for each property of the pool's
	 * backends.
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

	void check(WeirSources written, Problems problems) {
		if (isEmpty()) {
			return;
		}
		List<BackendVariable> all = this.backends.values()
			.stream()
			.flatMap((backend) -> backend.values().stream())
			.toList();
		all.stream().filter((variable) -> !variable.isKnown()).forEach((variable) -> {
			String cure = Suggestion
				.of(variable.suffix().toLowerCase(Locale.ROOT),
						BackendVariable.PROPERTIES.keySet().stream().map((it) -> it.toLowerCase(Locale.ROOT)).toList())
				.map((suffix) -> "Did you mean " + variable.backend() + "_" + suffix.toUpperCase(Locale.ROOT) + "?")
				.orElse("There are " + BackendVariable.PROPERTIES.keySet()
					.stream()
					.sorted()
					.map((suffix) -> "_" + suffix)
					.collect(Collectors.joining(", ")) + ".");
			problems.report(variable.origin(), new ConfigurationProblem(variable.name(), null,
					Origins.describe(variable.origin()), "there is no such variable", cure));
		});
		all.stream()
			.filter((variable) -> variable.suffix().equals("MODELS") && ModelPairs.read(variable.value()).isEmpty())
			.forEach((variable) -> problems.report(variable.origin(), new ConfigurationProblem(variable.name(),
					variable.value(), Origins.describe(variable.origin()), "must name models and their deployments",
					"Write model=deployment, with commas between: gpt-4o=chat,text-embedding-3-large=embedding.")));
		ConfigurationProperty other = written.findWithin(BACKENDS);
		if (other != null) {
			problems.report(other.getOrigin(),
					new ConfigurationProblem(BACKENDS.toString(), null, Origins.describe(other.getOrigin()),
							"stands beside " + all.get(0).name() + ", which makes backends of the same pool",
							"Choose one: remove these backends or the variables that begin with BACKEND_."));
		}
	}

	private void forEach(BiConsumer<ConfigurationPropertyName, Map<String, BackendVariable>> action) {
		int index = 0;
		for (Map<String, BackendVariable> backend : this.backends.values()) {
			action.accept(BACKENDS.append("[" + index++ + "]"), backend);
		}
	}

}
