package dev.weir.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Checks that there are routes and that those to a pool lead to one.
 */
final class RouteRules {

	private static final ConfigurationPropertyName ROUTES = ConfigurationPropertyName
		.of("spring.cloud.gateway.server.webflux.routes");

	private static final Pattern POOL_URI = Pattern.compile("lb://([^/?#:]*).*");

	// Spring Cloud Gateway takes these in part, and then finds no pool
	private static final Pattern ODD_POOL_URI = Pattern.compile("(?!lb://)(?i:lb:)");

	private final Problems problems;

	RouteRules(Problems problems) {
		this.problems = problems;
	}

	void check(ConfigurableEnvironment environment, Set<String> pools) {
		List<ConfigurationPropertySource> sources = new ArrayList<>();
		ConfigurationPropertySources.from(environment.getPropertySources()).forEach(sources::add);
		// as Spring Boot binds a list: the first source that has an entry has them all
		ConfigurationPropertySource routes = sources.stream()
			.filter((source) -> WeirSources.has(source, entry(0)))
			.findFirst()
			.orElse(null);
		if (routes == null) {
			this.problems.report(null,
					new ConfigurationProblem(ROUTES.toString(), null, null, "there is no route",
							"Add one with id, uri: lb://" + pools.stream().findFirst().orElse("NAME")
									+ " and predicates, such as - Path=/openai/**, /v1/**."));
			return;
		}
		for (int i = 0; WeirSources.has(routes, entry(i)); i++) {
			check(routes.getConfigurationProperty(entry(i).append("uri")), environment, pools);
		}
	}

	private void check(@Nullable ConfigurationProperty uri, ConfigurableEnvironment environment, Set<String> pools) {
		if (uri == null) {
			return;
		}
		String value = environment.resolvePlaceholders(uri.getValue().toString());
		if (ODD_POOL_URI.matcher(value).lookingAt()) {
			this.problems.report(uri.getOrigin(),
					new ConfigurationProblem(uri.getName().toString(), value, Origins.describe(uri.getOrigin()),
							"is not how a route names a pool",
							"Write lb:// in lower case and the pool's name behind it."));
			return;
		}
		Matcher target = POOL_URI.matcher(value);
		if (target.matches() && !pools.contains(target.group(1))) {
			String cure = Suggestion.of(target.group(1), pools)
				.map((suggestion) -> "Did you mean lb://" + suggestion + "? ")
				.orElse("");
			this.problems.report(uri.getOrigin(),
					new ConfigurationProblem(uri.getName().toString(), value, Origins.describe(uri.getOrigin()),
							"leads to no pool", cure + "The pools are " + String.join(", ", pools) + "."));
		}
	}

	private static ConfigurationPropertyName entry(int index) {
		return ROUTES.append("[" + index + "]");
	}

}
