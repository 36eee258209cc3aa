package dev.weir.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Finds what is allowed and yet probably not meant.
 */
final class ConfigurationWarnings {

	private final List<ConfigurationProblem> warnings = new ArrayList<>();

	private final RouteSources sources;

	private final Map<String, PoolProperties> pools;

	private ConfigurationWarnings(ConfigurableEnvironment environment, WeirProperties properties) {
		this.sources = new RouteSources(environment);
		this.pools = properties.pools();
	}

	/**
	 * Finds what a user should know.
	 * @param environment where the routes come from
	 * @param properties valid settings
	 * @return one problem for each finding, possibly none
	 */
	static List<ConfigurationProblem> find(ConfigurableEnvironment environment, WeirProperties properties) {
		ConfigurationWarnings found = new ConfigurationWarnings(environment, properties);
		found.findKeysInClear();
		found.findInRoutes();
		return found.warnings;
	}

	private void findKeysInClear() {
		this.pools.forEach((pool, settings) -> {
			for (int i = 0; i < settings.backends().size(); i++) {
				BackendProperties backend = settings.backends().get(i);
				boolean keyed = backend.apiKey() != null && !backend.apiKey().isEmpty();
				if (keyed && "http".equalsIgnoreCase(backend.url().getScheme())
						&& !UrlRules.isLoopback(backend.host())) {
					ConfigurationPropertyName url = MapKeys.append(PoolRules.POOLS, pool)
						.append("backends[" + i + "].url");
					warn(url, null, "sends the key of backend " + backend.name() + " unencrypted to another machine",
							"Write https://, unless the network between is your own.");
				}
			}
		});
	}

	private void findInRoutes() {
		Set<String> unreached = new LinkedHashSet<>(this.pools.keySet());
		Set<String> ids = new HashSet<>();
		for (ConfigurationPropertyName route : this.sources.entries(RouteSources.ROUTES)) {
			ConfigurationProperty id = this.sources.find(route.append("id"));
			if (id != null && !ids.add(this.sources.value(id))) {
				warn(id.getName(), id, "has the id of another route",
						"Give each route an id of its own, so that logs and metrics tell them apart.");
			}
			ConfigurationProperty uri = this.sources.find(route.append("uri"));
			String target = (uri != null) ? this.sources.value(uri) : "";
			if (target.startsWith("lb://")) {
				unreached.remove(target.substring("lb://".length()).replaceFirst("[/?#:].*", ""));
				findRetry(route.append("filters"));
			}
			else if (uri != null && this.pools.containsKey(target.replaceFirst("^https?://([^/?#:]*).*", "$1"))) {
				warn(uri.getName(), uri, "calls a host that has the name of a pool", "Write lb:// for the pool.");
			}
		}
		findRetry(RouteSources.DEFAULT_FILTERS);
		for (String pool : unreached) {
			warn(MapKeys.append(PoolRules.POOLS, pool), null, "is a pool that no route leads to",
					"Add a route with uri: lb://" + pool + ", or remove the pool.");
		}
	}

	private void findRetry(ConfigurationPropertyName filters) {
		for (ConfigurationPropertyName at : this.sources.entries(filters)) {
			ConfigurationProperty filter = this.sources.find(at);
			ConfigurationProperty property = (filter != null) ? filter : this.sources.find(at.append("name"));
			if (property != null && this.sources.value(property).matches("Retry(\\s*=.*)?")) {
				warn(property.getName(), property, "has the filter Retry, which repeats all attempts of a request",
						"Remove it: Weir tries every backend of the pool by itself, within its retry-budget.");
			}
		}
	}

	private void warn(ConfigurationPropertyName name, @Nullable ConfigurationProperty property, String mistake,
			String cure) {
		this.warnings.add(new ConfigurationProblem(name.toString(), null,
				(property != null) ? Origins.describe(property.getOrigin()) : null, mistake, cure));
	}

}
