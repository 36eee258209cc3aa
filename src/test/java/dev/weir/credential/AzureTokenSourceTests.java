package dev.weir.credential;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import com.azure.core.credential.AccessToken;
import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import com.azure.core.util.Configuration;
import com.azure.core.util.ConfigurationBuilder;
import com.azure.core.util.ConfigurationSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

import dev.weir.config.AzureCloud;

import static org.assertj.core.api.Assertions.assertThat;

class AzureTokenSourceTests {

	private static final Duration DEADLINE = Duration.ofSeconds(5);

	private static final OffsetDateTime NOW = Instant.parse("2026-03-01T12:00:00Z").atOffset(ZoneOffset.UTC);

	private final List<TokenRequestContext> requests = new ArrayList<>();

	private int credentials;

	@Test
	void oneCredentialIsUsedUntilATokenIsRefused() {
		AzureTokenSource source = source(NOW.plusHours(1), null);
		assertThat(fetch(source).value()).isEqualTo("token of credential 1");
		assertThat(fetch(source).value()).isEqualTo("token of credential 1");
		Mono<Token> renewed = source.renew("scope", "token of credential 1");
		StepVerifier.create(renewed)
			.assertNext((token) -> assertThat(token.value()).isEqualTo("token of credential 2"))
			.expectComplete()
			.verify(DEADLINE);
		assertThat(fetch(source).value()).isEqualTo("token of credential 2");
		assertThat(this.requests).hasSize(4)
			.allSatisfy((request) -> assertThat(request.getScopes()).containsExactly("scope"));
	}

	@Test
	void aTokenIsRefreshedFiveMinutesBeforeItExpires() {
		Token token = fetch(source(NOW.plusHours(1), null));
		assertThat(token.refreshIn()).isEqualTo(Duration.ofMinutes(55));
		assertThat(token.lifetime()).isEqualTo(Duration.ofHours(1));
	}

	@Test
	void aShortLivedTokenIsRefreshedAfterHalfItsLifetime() {
		assertThat(fetch(source(NOW.plusMinutes(6), null)).refreshIn()).isEqualTo(Duration.ofMinutes(3));
	}

	@Test
	void theRefreshTimeOfAzureIsUsed() {
		Token token = fetch(source(NOW.plusHours(24), NOW.plusHours(12)));
		assertThat(token.refreshIn()).isEqualTo(Duration.ofHours(12));
	}

	@Test
	void aRefreshTimeInThePastOrAfterTheExpiryIsIgnored() {
		OffsetDateTime epoch = Instant.EPOCH.atOffset(ZoneOffset.UTC);
		assertThat(fetch(source(NOW.plusHours(1), epoch)).refreshIn()).isEqualTo(Duration.ofMinutes(55));
		assertThat(fetch(source(NOW.plusHours(1), NOW.plusHours(2))).refreshIn()).isEqualTo(Duration.ofMinutes(55));
	}

	@ParameterizedTest
	@CsvSource({ "PUBLIC, https://login.microsoftonline.com/", "GOVERNMENT, https://login.microsoftonline.us/",
			"CHINA, https://login.chinacloudapi.cn/" })
	void theAuthorityIsThatOfTheCloudUnlessTheEnvironmentNamesOne(AzureCloud cloud, String authority) {
		assertThat(AzureTokenSource.authority(cloud, environment(Map.of()))).isEqualTo(authority);
		assertThat(
				AzureTokenSource.authority(cloud, environment(Map.of("AZURE_AUTHORITY_HOST", "https://own.example"))))
			.isEqualTo("https://own.example");
	}

	private static Configuration environment(Map<String, String> variables) {
		ConfigurationSource none = (path) -> Map.of();
		return new ConfigurationBuilder(none, none, (path) -> variables).build();
	}

	private AzureTokenSource source(OffsetDateTime expiresAt, @Nullable OffsetDateTime refreshAt) {
		return new AzureTokenSource(() -> credential(++this.credentials, expiresAt, refreshAt),
				Clock.fixed(NOW.toInstant(), ZoneOffset.UTC));
	}

	private TokenCredential credential(int number, OffsetDateTime expiresAt, @Nullable OffsetDateTime refreshAt) {
		return (request) -> {
			this.requests.add(request);
			return Mono.just(new AccessToken("token of credential " + number, expiresAt, refreshAt));
		};
	}

	private static Token fetch(AzureTokenSource source) {
		Token token = source.fetch("scope").block(DEADLINE);
		assertThat(token).isNotNull();
		return token;
	}

}
