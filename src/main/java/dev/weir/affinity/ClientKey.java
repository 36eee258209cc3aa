package dev.weir.affinity;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.http.HttpHeaders;

/**
 * The key that identifies a client: its API key, whatever header and scheme it is sent
 * with, or the identity in its access token. An access token changes every hour, the
 * identity in it does not. The signature is not verified, because the key only selects a
 * home backend and grants nothing.
 */
final class ClientKey {

	private static final String BEARER = "bearer ";

	private static final JsonMapper JSON = JsonMapper.shared();

	/**
	 * The claims that identify a caller, for users and for applications (Microsoft's
	 * "Access token claims reference").
	 */
	private static final List<String> CALLERS = List.of("oid", "appid", "azp", "sub");

	private ClientKey() {
	}

	/**
	 * The key of a request's client.
	 * @param headers the headers of the request
	 * @return the key, or empty if the request has none
	 */
	static String of(HttpHeaders headers) {
		String authorization = headers.getFirst(HttpHeaders.AUTHORIZATION);
		String key = (authorization != null) ? withoutScheme(authorization) : headers.getFirst("api-key");
		if (key == null) {
			return "";
		}
		String identity = identity(key.strip());
		return (identity != null) ? identity : key.strip();
	}

	/** The scheme is case-insensitive (RFC 9110, section 11.1). */
	private static String withoutScheme(String authorization) {
		return authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())
				? authorization.substring(BEARER.length()) : authorization;
	}

	/** The tenant, or else the issuer, and the caller of a JWT (RFC 7519). */
	private static @Nullable String identity(String key) {
		String[] parts = key.split("\\.", 4);
		if (parts.length != 3 || !key.startsWith("ey")) {
			return null;
		}
		try {
			JsonNode claims = JSON
				.readTree(new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8));
			String tenant = text(claims, List.of("tid", "iss"));
			String caller = text(claims, CALLERS);
			return (tenant != null && caller != null) ? tenant + "/" + caller : null;
		}
		catch (IllegalArgumentException | JacksonException ex) {
			return null;
		}
	}

	private static @Nullable String text(JsonNode claims, List<String> names) {
		for (String name : names) {
			JsonNode claim = claims.get(name);
			if (claim != null && claim.isString() && !claim.stringValue().isEmpty()) {
				return claim.stringValue();
			}
		}
		return null;
	}

}
