package dev.weir.client;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.weir.config.ClientProperties;
import dev.weir.request.Client;

/**
 * Which client each caller with a token counts as, in one configuration. It never
 * changes.
 */
final class EntraCallers {

	private final Map<String, Client> apps = new HashMap<>();

	private final Map<String, Client> users = new HashMap<>();

	private final Map<String, Client> roles = new HashMap<>();

	private final @Nullable Client others;

	/**
	 * Collects the callers.
	 * @param named the settings of clients, which name callers
	 * @param others the name of the client that all other callers count as, {@code null}
	 * if they are refused
	 * @param clients the client of each name
	 */
	EntraCallers(List<ClientProperties> named, @Nullable String others, Function<String, @Nullable Client> clients) {
		for (ClientProperties settings : named) {
			Client client = clients.apply(settings.name());
			if (client != null) {
				settings.apps().forEach((id) -> this.apps.put(normalized(id), client));
				settings.users().forEach((id) -> this.users.put(normalized(id), client));
				settings.roles().forEach((role) -> this.roles.put(role.strip(), client));
			}
		}
		this.others = (others != null) ? clients.apply(others) : null;
	}

	private static String normalized(String id) {
		return id.strip().toLowerCase(Locale.ROOT);
	}

	/**
	 * The client that a caller counts as.
	 * @param caller the caller
	 * @return the client, or {@code null} if the caller may not call
	 */
	@Nullable Client client(EntraCaller caller) {
		Client client = (caller.user() != null) ? this.users.get(caller.user()) : null;
		if (client == null && caller.app() != null) {
			client = this.apps.get(caller.app());
		}
		if (client == null) {
			client = ofRole(caller.roles());
		}
		return (client == null && this.others != null) ? other(caller, this.others) : client;
	}

	/**
	 * One of the callers that no entry names. All users of an application share its
	 * limits, but each has its own objects.
	 */
	private static @Nullable Client other(EntraCaller caller, Client others) {
		String id = caller.id();
		if (id == null) {
			return null;
		}
		Client member = others.member(id);
		boolean isUser = caller.delegated() && caller.app() != null && caller.user() != null;
		return isUser ? member.usedBy(String.valueOf(caller.user())) : member;
	}

	private @Nullable Client ofRole(List<String> roles) {
		for (String role : roles) {
			Client client = this.roles.get(role);
			if (client != null) {
				return client;
			}
		}
		return null;
	}

	/**
	 * One of the callers that no entry names.
	 * @param principal identifies the caller, as {@link Client#principal()}
	 * @return the client, or {@code null} if it is not such a caller
	 */
	@Nullable Client member(String principal) {
		String[] parts = principal.split("/", 3);
		if (this.others == null || parts.length < 2) {
			return null;
		}
		Client member = this.others.member(parts[1]);
		Client client = (parts.length == 2) ? member : member.usedBy(parts[2]);
		return client.principal().equals(principal) ? client : null;
	}

}
