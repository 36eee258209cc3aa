package dev.weir.config.load;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.origin.Origin;
import org.springframework.core.env.ConfigurableEnvironment;

import dev.weir.config.BackendProperties;
import dev.weir.config.ClientProperties;
import dev.weir.config.ExpiryTime;
import dev.weir.config.NamePatterns;
import dev.weir.config.ModelLimitProperties;
import dev.weir.config.PoolProperties;
import dev.weir.config.Secret;
import dev.weir.config.Suggestion;
import dev.weir.config.WeirProperties;

/**
 * Finds settings that are valid but probably a mistake. They are logged as warnings.
 */
final class ConfigurationLinter {

	private final List<ConfigurationProblem> warnings = new ArrayList<>();

	private final RouteSources sources;

	private final Map<String, PoolProperties> pools;

	private ConfigurationLinter(ConfigurableEnvironment environment, WeirProperties properties) {
		this.sources = new RouteSources(environment);
		this.pools = properties.pools();
	}

	/**
	 * Finds probable mistakes.
	 * @param environment the environment with the routes
	 * @param properties valid settings
	 * @return the findings, possibly none
	 */
	static List<ConfigurationProblem> lint(ConfigurableEnvironment environment, WeirProperties properties) {
		return lint(environment, properties, InstantSource.system());
	}

	static List<ConfigurationProblem> lint(ConfigurableEnvironment environment, WeirProperties properties,
			InstantSource clock) {
		ConfigurationLinter linter = new ConfigurationLinter(environment, properties);
		linter.findUnencryptedKeys();
		linter.findRouteMistakes();
		linter.findClientMistakes(properties, clock.instant());
		linter.findEmptyClients(environment, properties);
		linter.findUnusableBackends(properties);
		linter.findClientsWithoutBackend(properties);
		linter.warnings.addAll(MisspeltNameLinter.warnings(environment));
		linter.warnings.addAll(ActuatorPortCheck.warnings(environment, properties));
		return linter.warnings;
	}

	private void findUnencryptedKeys() {
		this.pools.forEach((pool, settings) -> {
			for (int i = 0; i < settings.backends().size(); i++) {
				BackendProperties backend = settings.backends().get(i);
				boolean hasKey = backend.apiKey() != null && !backend.apiKey().isEmpty();
				if (hasKey && "http".equalsIgnoreCase(backend.url().getScheme())
						&& !UrlCheck.isLoopback(backend.host())) {
					ConfigurationPropertyName url = BracketNotation.append(PoolCheck.POOLS, pool)
						.append("backends[" + i + "].url");
					warn(url, null, "sends the key of backend " + backend.name() + " unencrypted to another machine",
							"Write https://, unless you trust the network to that machine.");
				}
			}
		});
	}

	private void findRouteMistakes() {
		Set<String> withoutRoute = new LinkedHashSet<>(this.pools.keySet());
		Set<String> ids = new HashSet<>();
		for (ConfigurationPropertyName route : this.sources.entries(RouteSources.ROUTES)) {
			ConfigurationProperty id = this.sources.find(route.append("id"));
			if (id != null && !ids.add(this.sources.value(id))) {
				warn(id.getName(), id, "is also the id of another route",
						"Give each route a different id, so that logs and metrics can distinguish them.");
			}
			ConfigurationProperty uri = this.sources.find(route.append("uri"));
			String target = (uri != null) ? this.sources.value(uri) : "";
			if (target.startsWith("lb://")) {
				withoutRoute.remove(target.substring("lb://".length()).replaceFirst("[/?#:].*", ""));
				findRetryFilter(route.append("filters"));
			}
			else if (uri != null && this.pools.containsKey(target.replaceFirst("^https?://([^/?#:]*).*", "$1"))) {
				warn(uri.getName(), uri, "calls a host with the name of a pool", "Write lb:// to use the pool.");
			}
		}
		findRetryFilter(RouteSources.DEFAULT_FILTERS);
		for (String pool : withoutRoute) {
			warn(BracketNotation.append(PoolCheck.POOLS, pool), null, "is a pool without a route",
					"Add a route with uri: lb://" + pool + ", or remove the pool.");
		}
	}

	private void findClientMistakes(WeirProperties properties, Instant now) {
		for (int i = 0; i < properties.clients().size(); i++) {
			ClientProperties client = properties.clients().get(i);
			ConfigurationPropertyName at = SettingTree.ROOT.append("clients[" + i + "]");
			for (String pool : client.pools()) {
				NamePatterns pattern = new NamePatterns(List.of(pool));
				if (this.pools.keySet().stream().noneMatch(pattern::match)) {
					warn(at.append("pools"), null, "names no pool with " + pool,
							Suggestion.of(pool, this.pools.keySet())
								.map((suggestion) -> "Did you mean " + suggestion + "?")
								.orElse("There are " + String.join(", ", this.pools.keySet()) + "."));
				}
			}
			findHashes(at, client.key());
			findLimitMistakes(at, client);
			findExpired(at, client.expires(), now);
		}
		for (int i = 0; i < properties.operators().size(); i++) {
			ConfigurationPropertyName at = SettingTree.ROOT.append("operators[" + i + "]");
			findHashes(at, properties.operators().get(i).key());
			findExpired(at, properties.operators().get(i).expires(), now);
		}
	}

	/** Finds a list of clients that has lost its last entry, possibly by accident. */
	private void findEmptyClients(ConfigurableEnvironment environment, WeirProperties properties) {
		if (properties.hasClients() || properties.open()) {
			return;
		}
		ConfigurationPropertyName clients = SettingTree.ROOT.append("clients");
		Origin origin = WeirSources.of(environment).emptyBranch(clients);
		if (origin != null) {
			this.warnings.add(new ConfigurationProblem(clients.toString(), null, OriginDescriber.describe(origin),
					"is present, but empty, so that requests need no key", "Add a client, or remove it."));
		}
	}

	/** Finds what is probably the hash of a key. A key may also look like that. */
	private void findHashes(ConfigurationPropertyName at, List<Secret> keys) {
		if (keys.stream().anyMatch((key) -> ClientCheck.SHA_256.matcher(key.reveal()).matches())) {
			warn(at.append("key"), null, "has 64 hexadecimal digits, as the SHA-256 of a key has",
					"If it is a hash, write it below key-sha256. The hash itself would be accepted as the key here.");
		}
	}

	/** Finds limits that can never be reached. */
	private void findLimitMistakes(ConfigurationPropertyName at, ClientProperties client) {
		findUnreachable(at.append("tokens-per-minute"), client.tokensPerMinute(), "tokens-per-day",
				client.tokensPerDay());
		for (int i = 0; i < client.limits().size(); i++) {
			ModelLimitProperties limit = client.limits().get(i);
			ConfigurationPropertyName entry = at.append("limits[" + i + "]");
			findUnreachable(entry.append("tokens-per-minute"), limit.tokensPerMinute(), "tokens-per-day",
					limit.tokensPerDay());
			findUnreachable(entry.append("requests-per-minute"), limit.requestsPerMinute(),
					"requests-per-minute of the client", client.requestsPerMinute());
			findUnreachable(entry.append("tokens-per-minute"), limit.tokensPerMinute(),
					"tokens-per-minute of the client", client.tokensPerMinute());
			findUnreachable(entry.append("tokens-per-day"), limit.tokensPerDay(), "tokens-per-day of the client",
					client.tokensPerDay());
		}
	}

	private void findUnreachable(ConfigurationPropertyName at, @Nullable Long limit, String other,
			@Nullable Long smaller) {
		if (limit != null && smaller != null && limit > smaller) {
			warn(at, null, "is never reached: it is " + limit + ", and " + other + " is " + smaller,
					"Lower it, or raise the other.");
		}
	}

	/** Finds backends that are kept for clients that do not exist. */
	private void findUnusableBackends(WeirProperties properties) {
		this.pools.forEach((pool, settings) -> {
			for (int i = 0; i < settings.backends().size(); i++) {
				BackendProperties backend = settings.backends().get(i);
				ConfigurationPropertyName at = BracketNotation.append(PoolCheck.POOLS, pool)
					.append("backends[" + i + "].for");
				if (backend.keptFor().isEmpty()) {
					continue;
				}
				if (!properties.hasClients()) {
					warn(at, null, "keeps the backend for clients with a priority, but there are no clients",
							"Add weir.clients, or remove it. Without clients all requests are normal.");
				}
				else if (properties.clients()
					.stream()
					.noneMatch((client) -> backend.isFor(client.priority()) && mayUse(client, pool))) {
					warn(at, null, "keeps the backend for clients of which there are none that may use the pool",
							"Give a client one of these priorities, or add a priority here.");
				}
			}
		});
	}

	/** Finds clients for which a pool that they may use has no backend. */
	private void findClientsWithoutBackend(WeirProperties properties) {
		for (int i = 0; i < properties.clients().size(); i++) {
			ClientProperties client = properties.clients().get(i);
			for (Map.Entry<String, PoolProperties> pool : this.pools.entrySet()) {
				if (mayUse(client, pool.getKey())
						&& pool.getValue().backends().stream().noneMatch((it) -> it.isFor(client.priority()))) {
					warn(SettingTree.ROOT.append("clients[" + i + "].priority"), null,
							"leaves the client no backend in pool " + pool.getKey()
									+ ", because all of them are kept for others, so that it gets 403",
							"Change the priority or the for of a backend, or leave the pool out of the client's pools.");
				}
			}
		}
	}

	private static boolean mayUse(ClientProperties client, String pool) {
		return new NamePatterns(client.pools()).match(pool);
	}

	private void findExpired(ConfigurationPropertyName at, @Nullable ExpiryTime expires, Instant now) {
		if (expires != null && expires.isReached(now)) {
			warn(at.append("expires"), null, "is over (" + expires + "), so that its keys are refused",
					"Remove it, or extend it.");
		}
	}

	private void findRetryFilter(ConfigurationPropertyName filters) {
		for (ConfigurationPropertyName at : this.sources.entries(filters)) {
			ConfigurationProperty filter = this.sources.find(at);
			ConfigurationProperty property = (filter != null) ? filter : this.sources.find(at.append("name"));
			if (property != null && this.sources.value(property).matches("Retry(\\s*=.*)?")) {
				warn(property.getName(), property, "is the filter Retry, which repeats all attempts of a request",
						"Remove it. Weir itself tries every backend of the pool, within its retry-budget.");
			}
		}
	}

	private void warn(ConfigurationPropertyName name, @Nullable ConfigurationProperty property, String mistake,
			String cure) {
		this.warnings.add(new ConfigurationProblem(name.toString(), null,
				(property != null) ? OriginDescriber.describe(property.getOrigin()) : null, mistake, cure));
	}

}
