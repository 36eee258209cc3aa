package dev.weir.config.load;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

import dev.weir.config.ClientProperties;
import dev.weir.config.EntraProperties;
import dev.weir.config.ModelLimitProperties;
import dev.weir.config.OperatorProperties;
import dev.weir.config.Secret;
import dev.weir.config.WeirProperties;

/**
 * Checks clients and operators beyond types and ranges: names and keys must differ, or
 * Weir could not distinguish them.
 */
final class ClientCheck {

	private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,63}");

	// a comma would separate two keys
	private static final Pattern KEY = Pattern.compile("[\\x21-\\x7E&&[^,]]{16,512}");

	static final Pattern SHA_256 = Pattern.compile("[0-9a-fA-F]{64}");

	private static final String NEW_KEY = "java -jar weir.jar --new-key NAME prints a good one.";

	private final ProblemCollector problems;

	/** The client or operator of each hash of a key. */
	private final Map<String, ConfigurationPropertyName> hashes = new HashMap<>();

	private final Map<String, ConfigurationPropertyName> backendKeys = new HashMap<>();

	ClientCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(WeirProperties properties) {
		properties.pools().forEach((name, pool) -> {
			ConfigurationPropertyName backends = BracketNotation.append(PoolCheck.POOLS, name).append("backends");
			for (int i = 0; i < pool.backends().size(); i++) {
				Secret key = pool.backends().get(i).apiKey();
				if (key != null && !key.isEmpty()) {
					this.backendKeys.put(key.reveal(), backends.append("[" + i + "]"));
				}
			}
		});
		Map<String, ConfigurationPropertyName> names = new HashMap<>();
		for (int i = 0; i < properties.clients().size(); i++) {
			ConfigurationPropertyName at = SettingTree.ROOT.append("clients[" + i + "]");
			ClientProperties client = properties.clients().get(i);
			checkName(at.append("name"), client.name(), names);
			boolean keyless = client.namesEntraCallers() || !client.certificates().isEmpty()
					|| isOthers(client, properties.entra());
			checkKeys(at, client.key(), client.keySha256(), keyless ? null
					: "Set key, key-sha256 or certificates, or for callers with a token of Microsoft Entra ID apps, users or roles. ");
			checkPatterns(at.append("models"), client.models());
			checkPatterns(at.append("pools"), client.pools());
			checkLimits(at, client.limits());
		}
		names.clear();
		for (int i = 0; i < properties.operators().size(); i++) {
			ConfigurationPropertyName at = SettingTree.ROOT.append("operators[" + i + "]");
			OperatorProperties operator = properties.operators().get(i);
			checkName(at.append("name"), operator.name(), names);
			checkKeys(at, operator.key(), operator.keySha256(), "Set key or key-sha256. ");
		}
	}

	private static boolean isOthers(ClientProperties client, @Nullable EntraProperties entra) {
		return entra != null && client.name() != null && client.name().equals(entra.others());
	}

	private void checkName(ConfigurationPropertyName at, @Nullable String name,
			Map<String, ConfigurationPropertyName> names) {
		if (name == null) {
			return;
		}
		if (!NAME.matcher(name).matches()) {
			this.problems.report(at, "must have 1 to 63 letters, digits, hyphens, underscores and dots",
					"Change the name. It is part of logs and metrics.");
			return;
		}
		ConfigurationPropertyName other = names.putIfAbsent(name.toLowerCase(Locale.ROOT), at);
		if (other != null) {
			this.problems.report(at, "is already the name of " + other.getParent(), "Change one of the names.");
		}
	}

	/** Checks keys; the cure is that of missing ones, {@code null} if none are needed. */
	private void checkKeys(ConfigurationPropertyName at, List<Secret> keys, List<String> keyHashes,
			@Nullable String cure) {
		ConfigurationPropertyName keyName = at.append("key");
		ConfigurationPropertyName hashName = at.append("key-sha256");
		if (cure != null && keys.isEmpty() && keyHashes.isEmpty() && !this.problems.isReportedNear(keyName)
				&& !this.problems.isReportedNear(hashName)) {
			ConfigurationPropertyName empty = Stream.of(keyName, hashName)
				.filter(this.problems::isWritten)
				.findFirst()
				.orElse(null);
			if (empty != null) {
				this.problems.reportEmpty(empty, cure + NEW_KEY);
			}
			else {
				this.problems.report(keyName, "is missing", cure + NEW_KEY);
			}
		}
		for (Secret key : keys) {
			checkKey(at, this.problems.entry(keyName, key.reveal()), key);
		}
		for (String hash : keyHashes) {
			ConfigurationPropertyName entry = this.problems.entry(hashName, hash.strip());
			if (!SHA_256.matcher(hash.strip()).matches()) {
				this.problems.report(entry, "must have 64 hexadecimal digits",
						"Write the SHA-256 of the key: printf %s \"$KEY\" | sha256sum");
			}
			else {
				checkUnique(at, entry, hash.strip().toLowerCase(Locale.ROOT));
			}
		}
	}

	private void checkKey(ConfigurationPropertyName owner, ConfigurationPropertyName at, Secret key) {
		if (!KEY.matcher(key.reveal()).matches()) {
			this.problems.report(at, "must have 16 to 512 visible ASCII characters, without a comma", NEW_KEY);
		}
		else if (key.reveal().startsWith("ek_") || key.reveal().startsWith("eyJ")) {
			this.problems.report(at,
					"begins with ek_ or eyJ, as ephemeral keys and tokens do, so that it would not be found", NEW_KEY);
		}
		else if (this.backendKeys.containsKey(key.reveal())) {
			this.problems.report(at,
					"is also the key of " + this.backendKeys.get(key.reveal())
							+ ", so that a client could call the backend without Weir",
					"Give clients other keys. " + NEW_KEY);
		}
		else {
			checkUnique(owner, at, sha256(key));
		}
	}

	private void checkUnique(ConfigurationPropertyName owner, ConfigurationPropertyName at, String hash) {
		ConfigurationPropertyName other = this.hashes.putIfAbsent(hash, owner);
		if (other != null && !other.equals(owner)) {
			this.problems.report(at, "is also a key of " + other, "Give each a different key.");
		}
	}

	private void checkPatterns(ConfigurationPropertyName at, List<String> patterns) {
		if (patterns.stream().anyMatch(String::isBlank)) {
			this.problems.report(at, "has an empty name", "Write names, in which * stands for any characters.");
		}
	}

	private void checkLimits(ConfigurationPropertyName at, List<ModelLimitProperties> limits) {
		Map<String, ConfigurationPropertyName> models = new HashMap<>();
		for (int i = 0; i < limits.size(); i++) {
			ConfigurationPropertyName entry = at.append("limits[" + i + "]");
			ModelLimitProperties limit = limits.get(i);
			if (limit.model() == null) {
				continue;
			}
			if (limit.model().isBlank()) {
				this.problems.report(entry.append("model"), "is empty",
						"Write the name of a model, in which * stands for any characters.");
			}
			ConfigurationPropertyName other = models.putIfAbsent(limit.model(), entry);
			if (other != null) {
				this.problems.report(entry.append("model"), "is already the model of " + other,
						"Write all limits of a model in one entry.");
			}
			if (limit.requestsPerMinute() == null && limit.tokensPerMinute() == null && limit.tokensPerDay() == null
					&& !this.problems.isReportedNear(entry)) {
				this.problems.report(entry, "has no limit",
						"Set requests-per-minute, tokens-per-minute or tokens-per-day.");
			}
		}
	}

	private static String sha256(Secret key) {
		try {
			return HexFormat.of()
				.formatHex(MessageDigest.getInstance("SHA-256").digest(key.reveal().getBytes(StandardCharsets.UTF_8)));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
