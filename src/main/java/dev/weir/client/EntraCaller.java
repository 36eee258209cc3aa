package dev.weir.client;

import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

import org.springframework.security.oauth2.jwt.Jwt;

/**
 * Who has got a token of Microsoft Entra ID (access token claims reference).
 *
 * @param app the id of the application, {@code null} if the token has none
 * @param user the object id of the user, service principal or managed identity,
 * {@code null} if the token has none
 * @param roles the app roles
 * @param delegated whether a user has logged in with the application, and it calls for
 * the user; otherwise the application calls for itself
 */
record EntraCaller(@Nullable String app, @Nullable String user, List<String> roles, boolean delegated) {

	/**
	 * Reads the caller of a token.
	 * @param token a verified token of either generation
	 * @return the caller
	 */
	static EntraCaller of(Jwt token) {
		String app = id(token, "appid");
		return new EntraCaller((app != null) ? app : id(token, "azp"), id(token, "oid"), roles(token),
				isDelegated(token));
	}

	private static @Nullable String id(Jwt token, String claim) {
		return (token.getClaims().get(claim) instanceof String id && !id.isBlank()) ? id.toLowerCase(Locale.ROOT)
				: null;
	}

	/** Only such tokens have scopes. */
	private static boolean isDelegated(Jwt token) {
		Object scopes = token.getClaims().get("scp");
		return (scopes instanceof String text && !text.isBlank())
				|| (scopes instanceof List<?> list && !list.isEmpty());
	}

	private static List<String> roles(Jwt token) {
		return (token.getClaims().get("roles") instanceof List<?> roles)
				? roles.stream().filter(String.class::isInstance).map(String.class::cast).toList() : List.of();
	}

	/**
	 * What distinguishes this caller from others.
	 * @return the id of the application, else the object id; {@code null} without both
	 */
	@Nullable String id() {
		return (this.app != null) ? this.app : this.user;
	}

	/**
	 * Names the caller, for messages.
	 * @return its ids
	 */
	String describe() {
		String object = (this.user != null) ? "object id " + this.user : "";
		return (this.app == null) ? object : "application id " + this.app + (object.isEmpty() ? "" : " and " + object);
	}

}
