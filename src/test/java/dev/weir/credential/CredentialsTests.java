package dev.weir.credential;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

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

class CredentialsTests {

	private static final Duration DEADLINE = Duration.ofSeconds(5);

	private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

	private final FakeTokenSource source = new FakeTokenSource();

	private final Credentials credentials = new Credentials(() -> this.source, this.time,
			() -> this.time.now(TimeUnit.NANOSECONDS));

	@ParameterizedTest
	@CsvSource({ "AZURE, api-key, canary", "OPENAI, Authorization, Bearer canary" })
	void aKeyIsWrittenAsTheDialectWantsItAndNeverRenewed(BackendDialect dialect, String name, String value) {
		Credential credential = this.credentials.forBackend(backend("canary", "scope"), dialect);
		CredentialHeader header = new CredentialHeader(name, value);
		StepVerifier.create(credential.header()).expectNext(header).expectComplete().verify(DEADLINE);
		StepVerifier.create(credential.refresh(header)).expectNext(false).expectComplete().verify(DEADLINE);
		assertThat(this.source.fetches()).isZero();
		assertThat(credential).hasToString("api key");
	}

	@Test
	void aCompatibleServerWithoutAKeyGetsNoHeader() {
		Credential credential = this.credentials.forBackend(backend(null, "scope"), BackendDialect.OPENAI);
		StepVerifier.create(credential.header()).expectComplete().verify(DEADLINE);
		StepVerifier.create(credential.refresh(CredentialHeader.bearer("x")))
			.expectNext(false)
			.expectComplete()
			.verify(DEADLINE);
		assertThat(credential).hasToString("no credential");
	}

	@Test
	void anAzureBackendWithAnEmptyKeyGetsATokenThatWasFetchedAhead() {
		Credential credential = this.credentials.forBackend(backend("", "scope"), BackendDialect.AZURE);
		assertThat(this.source.fetches()).isOne();
		this.source.succeed("canary");
		StepVerifier.create(credential.header())
			.expectNext(new CredentialHeader("Authorization", "Bearer canary"))
			.expectComplete()
			.verify(DEADLINE);
		assertThat(credential).hasToString("Microsoft Entra ID, scope");
	}

	@Test
	void aTokenThatCannotBeFetchedAheadIsFetchedLater() {
		Credential credential = this.credentials.forBackend(backend(null, "scope"), BackendDialect.AZURE);
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
		Credential one = this.credentials.forBackend(backend(null, "scope"), BackendDialect.AZURE);
		Credential other = this.credentials.forBackend(backend(null, "scope"), BackendDialect.AZURE);
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

	@Test
	void eachScopeHasItsOwnToken() {
		this.credentials.forBackend(backend(null, "one"), BackendDialect.AZURE);
		this.credentials.forBackend(backend(null, "other"), BackendDialect.AZURE);
		assertThat(this.source.fetches()).isEqualTo(2);
	}

	@Test
	void noSecretIsInAnyText() {
		assertThat(new CredentialHeader("api-key", "canary")).hasToString("api-key: (hidden)");
		Token token = new Token("canary", Duration.ZERO, Duration.ofHours(1));
		assertThat(token.toString()).doesNotContain("canary");
		assertThat(HeldToken.of(token, 0).toString()).doesNotContain("canary");
	}

	private static BackendProperties backend(@Nullable String key, String scope) {
		return new BackendProperties("b", URI.create("https://b.example"), (key != null) ? Secret.of(key) : null, 1, 1,
				1, null, Map.of(), null, scope);
	}

}
