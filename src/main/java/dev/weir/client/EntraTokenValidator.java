package dev.weir.client;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.Jwt;

import dev.weir.config.EntraProperties;

/**
 * Checks the claims of a token whose signature is valid. All tenants share the keys of
 * Microsoft Entra ID, so a valid signature alone admits everybody.
 */
final class EntraTokenValidator implements OAuth2TokenValidator<Jwt> {

	/** How far clocks may differ. */
	static final Duration SKEW = Duration.ofSeconds(60);

	private static final int MAX_QUOTED = 200;

	private final String tenant;

	private final Set<String> issuers;

	private final Set<String> audiences;

	private final InstantSource clock;

	EntraTokenValidator(EntraProperties settings, InstantSource clock) {
		this.tenant = settings.tenantId();
		this.issuers = settings.issuers();
		this.audiences = settings.acceptedAudiences();
		this.clock = clock;
	}

	@Override
	public OAuth2TokenValidatorResult validate(Jwt token) {
		String problem = problem(token);
		return (problem == null) ? OAuth2TokenValidatorResult.success()
				: OAuth2TokenValidatorResult.failure(new OAuth2Error("invalid_token", problem, null));
	}

	private @Nullable String problem(Jwt token) {
		String issuer = token.getClaimAsString("iss");
		String tenantId = token.getClaimAsString("tid");
		if (issuer == null || !this.issuers.contains(issuer)) {
			return "The token is from another issuer" + quoted(issuer) + "; accepted: "
					+ String.join(", ", this.issuers) + ".";
		}
		if (tenantId != null && !tenantId.toLowerCase(Locale.ROOT).equals(this.tenant)) {
			return "The token is from another tenant" + quoted(tenantId) + "; accepted: " + this.tenant + ".";
		}
		Collection<String> audiences = (token.getAudience() != null) ? token.getAudience() : List.of();
		if (audiences.stream().map(EntraProperties::withoutSlash).noneMatch(this.audiences::contains)) {
			return "The token is for another audience" + quoted(String.join(", ", audiences)) + "; accepted: "
					+ String.join(", ", this.audiences) + ".";
		}
		return timeProblem(token);
	}

	private @Nullable String timeProblem(Jwt token) {
		Instant now = this.clock.instant();
		Instant expires = token.getExpiresAt();
		if (expires == null) {
			return "The token does not expire.";
		}
		if (!now.minus(SKEW).isBefore(expires)) {
			return "The token has expired at " + expires + ".";
		}
		Instant begins = token.getNotBefore();
		return (begins != null && now.plus(SKEW).isBefore(begins)) ? "The token is not valid before " + begins + "."
				: null;
	}

	private static String quoted(@Nullable String value) {
		return (value == null || value.isEmpty()) ? ""
				: ", " + ((value.length() > MAX_QUOTED) ? value.substring(0, MAX_QUOTED) + "…" : value);
	}

}
