package dev.weir.config.load;

import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

import dev.weir.config.ClientProperties;
import dev.weir.config.EntraProperties;
import dev.weir.config.WeirProperties;

/**
 * Checks the settings of tokens of Microsoft Entra ID beyond their types: a token must
 * belong to one client.
 */
final class EntraCheck {

	private static final ConfigurationPropertyName ENTRA = SettingTree.ROOT.append("entra");

	private static final Pattern GUID = Pattern.compile("\\s*\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}\\s*");

	private final ProblemCollector problems;

	EntraCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(WeirProperties properties) {
		EntraProperties entra = properties.entra();
		if (entra != null) {
			check(entra, properties.clients());
		}
		checkCallers(properties.clients(), entra != null);
	}

	private void check(EntraProperties entra, List<ClientProperties> clients) {
		String tenant = entra.tenant();
		if (tenant != null && !GUID.matcher(tenant).matches()) {
			this.problems.report(ENTRA.append("tenant"), "must be the id of a tenant, a GUID",
					"Write the tenant id that 'az account show --query tenantId' prints, not a domain or 'common'.");
		}
		if (entra.audiences().stream().anyMatch(String::isBlank)) {
			this.problems.report(ENTRA.append("audiences"), "has an empty audience",
					"Write audiences such as https://cognitiveservices.azure.com, or remove the property.");
		}
		checkAuthority(entra.authority());
		String others = entra.others();
		if (others != null && clients.stream().noneMatch((client) -> others.equals(client.name()))) {
			this.problems.report(ENTRA.append("others"), "names no entry of weir.clients",
					"Add an entry with this name, whose settings apply to all callers that no entry names.");
		}
	}

	private void checkAuthority(URI authority) {
		String scheme = String.valueOf(authority.getScheme()).toLowerCase(Locale.ROOT);
		ConfigurationPropertyName at = ENTRA.append("authority");
		if (authority.getHost() == null || !(scheme.equals("https") || scheme.equals("http"))
				|| authority.getRawUserInfo() != null || authority.getRawQuery() != null
				|| authority.getRawFragment() != null) {
			this.problems.report(at, "must be an https URL with a host, without user, query or fragment",
					"Write https://login.microsoftonline.com, or the address of your cloud.");
		}
		else if (scheme.equals("http") && !UrlCheck.isLoopback(authority.getHost())) {
			this.problems.report(at, "must be https, because the keys that verify tokens are read there",
					"Write https://.");
		}
	}

	private void checkCallers(List<ClientProperties> clients, boolean accepted) {
		Map<String, ConfigurationPropertyName> apps = new HashMap<>();
		Map<String, ConfigurationPropertyName> users = new HashMap<>();
		Map<String, ConfigurationPropertyName> roles = new HashMap<>();
		for (int i = 0; i < clients.size(); i++) {
			ClientProperties client = clients.get(i);
			ConfigurationPropertyName at = SettingTree.ROOT.append("clients[" + i + "]");
			checkIds(at.append("apps"), client.apps(), apps, "an application (client) id");
			checkIds(at.append("users"), client.users(), users, "an object id");
			for (String role : client.roles()) {
				if (role.isBlank()) {
					this.problems.report(at.append("roles"), "has an empty role", "Write the value of an app role.");
				}
				else {
					checkUnique(at.append("roles"), role.strip(), roles);
				}
			}
			if (client.namesEntraCallers() && !accepted) {
				this.problems.report(at.append(firstOf(client)),
						"has no effect, because no token of Microsoft Entra ID is accepted",
						"Set weir.entra.tenant to the id of the tenant.");
			}
		}
	}

	private static String firstOf(ClientProperties client) {
		return !client.apps().isEmpty() ? "apps" : !client.users().isEmpty() ? "users" : "roles";
	}

	private void checkIds(ConfigurationPropertyName at, List<String> ids, Map<String, ConfigurationPropertyName> known,
			String meaning) {
		for (String id : ids) {
			if (!GUID.matcher(id).matches()) {
				this.problems.report(at, "must have GUIDs, each " + meaning,
						"Copy the id from Microsoft Entra ID. See docs/clients.md#microsoft-entra-id.");
			}
			else {
				checkUnique(at, id.strip().toLowerCase(Locale.ROOT), known);
			}
		}
	}

	private void checkUnique(ConfigurationPropertyName at, String value, Map<String, ConfigurationPropertyName> known) {
		ConfigurationPropertyName other = known.putIfAbsent(value, at);
		if (other != null && !other.equals(at)) {
			this.problems.report(at, "names a caller that " + other.getParent() + " names, too",
					"Name it in one entry only.");
		}
	}

}
