package dev.weir.credential;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import dev.weir.config.AzureCloud;
import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.Secret;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

class CredentialProviderTests {

	private static final Duration DEADLINE = Duration.ofSeconds(5);

	private final List<AzureCloud> clouds = new ArrayList<>();

	private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

	private final ManualTokenSource source = new ManualTokenSource();

	private final CredentialProvider provider = new CredentialProvider(this::source, this.time,
			() -> this.time.now(TimeUnit.NANOSECONDS));

	@ParameterizedTest
	@CsvSource({ "AZURE, api-key, canary", "OPENAI, Authorization, Bearer canary" })
	void aKeyIsSentInTheHeaderOfTheDialectAndNeverRenewed(BackendDialect dialect, String name, String value) {
		Credential credential = this.provider.forBackend(backend("canary", "scope"), dialect);
		CredentialHeader header = new CredentialHeader(name, value);
		StepVerifier.create(credential.header()).expectNext(header).expectComplete().verify(DEADLINE);
		StepVerifier.create(credential.refresh(header)).expectNext(false).expectComplete().verify(DEADLINE);
		assertThat(this.source.fetches()).isZero();
		assertThat(credential).hasToString("api key");
	}

	@Test
	void anOpenAiCompatibleServerWithoutAKeyGetsNoHeader() {
		Credential credential = this.provider.forBackend(backend(null, "scope"), BackendDialect.OPENAI);
		StepVerifier.create(credential.header()).expectComplete().verify(DEADLINE);
		StepVerifier.create(credential.refresh(CredentialHeader.bearer("x")))
			.expectNext(false)
			.expectComplete()
			.verify(DEADLINE);
		assertThat(credential).hasToString("no credential");
	}

	@Test
	void anAzureBackendWithAnEmptyKeyGetsAPrefetchedToken() {
		Credential credential = this.provider.forBackend(backend("", "scope"), BackendDialect.AZURE);
		assertThat(this.source.fetches()).isOne();
		this.source.succeed("canary");
		StepVerifier.create(credential.header())
			.expectNext(new CredentialHeader("Authorization", "Bearer canary"))
			.expectComplete()
			.verify(DEADLINE);
		assertThat(credential).hasToString("Microsoft Entra ID, scope");
	}

	@Test
	void aTokenThatCouldNotBePrefetchedIsFetchedLater() {
		Credential credential = this.provider.forBackend(backend(null, "scope"), BackendDialect.AZURE);
		this.source.fail("down");
		StepVerifier.create(credential.header()).expectError(CredentialException.class).verify(DEADLINE);
		this.time.advanceTimeBy(TokenCache.FAILURE_PAUSE);
		StepVerifier.create(credential.header())
			.then(() -> this.source.succeed("t1"))
			.expectNext(CredentialHeader.bearer("t1"))
			.expectComplete()
			.verify(DEADLINE);
	}

	@Test
	void aRefusedHeaderIsReplacedOnceForAllBackendsOfTheScope() {
		Credential one = this.provider.forBackend(backend(null, "scope"), BackendDialect.AZURE);
		Credential other = this.provider.forBackend(backend(null, "scope"), BackendDialect.AZURE);
		this.source.succeed("t1");
		CredentialHeader refused = CredentialHeader.bearer("t1");
		StepVerifier.create(one.refresh(refused))
			.then(() -> this.source.succeed("t2"))
			.expectNext(true)
			.expectComplete()
			.verify(DEADLINE);
		StepVerifier.create(other.refresh(refused)).expectNext(true).expectComplete().verify(DEADLINE);
		StepVerifier.create(other.header()).expectNext(CredentialHeader.bearer("t2")).expectComplete().verify(DEADLINE);
		assertThat(this.source.fetches()).isOne();
		assertThat(this.source.renewals()).isOne();
	}

	@ParameterizedTest
	@CsvSource({ "Ocp-Apim-Subscription-Key, canary", "authorization, Bearer canary" })
	void aKeyIsSentInTheConfiguredHeader(String name, String value) {
		BackendProperties backend = new BackendProperties("b", URI.create("https://b.example"), Secret.of("canary"),
				name, 1, 1, 1, null, Map.of(), null, null, Set.of());
		StepVerifier.create(this.provider.forBackend(backend, BackendDialect.AZURE).header()).assertNext((header) -> {
			assertThat(header.name()).isEqualToIgnoringCase(name);
			assertThat(header.value()).isEqualTo(value);
		}).expectComplete().verify(DEADLINE);
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-",
			value = { "https://x.openai.azure.com, -, PUBLIC, https://cognitiveservices.azure.com/.default",
					"https://x.openai.azure.us, -, GOVERNMENT, https://cognitiveservices.azure.us/.default",
					"https://x.azure-api.us/team, -, GOVERNMENT, https://cognitiveservices.azure.us/.default",
					"https://X.OpenAI.Azure.CN, -, CHINA, https://cognitiveservices.azure.cn/.default",
					"https://x.openai.azure.us, api://own/.default, GOVERNMENT, api://own/.default",
					"https://proxy.example, https://ai.azure.us/.default, GOVERNMENT, https://ai.azure.us/.default",
					"https://proxy.example, -, PUBLIC, https://cognitiveservices.azure.com/.default" })
	void theScopeOfATokenIsThatOfTheCloudOfTheBackend(URI url, @Nullable String scope, AzureCloud cloud, String token) {
		BackendProperties backend = new BackendProperties("b", url, null, null, 1, 1, 1, null, Map.of(), null, scope,
				Set.of());
		assertThat(this.provider.forBackend(backend, BackendDialect.AZURE)).hasToString("Microsoft Entra ID, " + token);
		assertThat(this.clouds).containsExactly(cloud);
	}

	@Test
	void eachScopeHasItsOwnToken() {
		this.provider.forBackend(backend(null, "one"), BackendDialect.AZURE);
		this.provider.forBackend(backend(null, "other"), BackendDialect.AZURE);
		assertThat(this.source.fetches()).isEqualTo(2);
	}

	@Test
	void toStringContainsNoSecret() {
		assertThat(new CredentialHeader("api-key", "canary")).hasToString("api-key: (hidden)");
		Token token = new Token("canary", Duration.ZERO, Duration.ofHours(1));
		assertThat(token.toString()).doesNotContain("canary");
		assertThat(CachedToken.of(token, 0).toString()).doesNotContain("canary");
	}

	private TokenSource source(AzureCloud cloud) {
		this.clouds.add(cloud);
		return this.source;
	}

	private static BackendProperties backend(@Nullable String key, String scope) {
		return new BackendProperties("b", URI.create("https://b.example"), (key != null) ? Secret.of(key) : null, null,
				1, 1, 1, null, Map.of(), null, scope, Set.of());
	}

}
