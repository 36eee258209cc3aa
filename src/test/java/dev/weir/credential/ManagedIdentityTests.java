package dev.weir.credential;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.testing.FakeManagedIdentity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * azure-identity and MSAL with a fake endpoint of a managed identity.
 */
@ExtendWith(OutputCaptureExtension.class)
class ManagedIdentityTests {

	private static final Duration DEADLINE = Duration.ofSeconds(20);

	private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

	private final Level level = this.root.getLevel();

	private FakeManagedIdentity identity;

	@BeforeEach
	void start() throws IOException {
		this.identity = new FakeManagedIdentity();
		this.root.setLevel(Level.TRACE);
	}

	@AfterEach
	void stop() {
		this.root.setLevel(this.level);
		this.identity.close();
	}

	@Test
	void aTokenIsFetchedOnceAndAgainAfterItWasRefused(CapturedOutput output) {
		String scope = "https://fetched-anew.example/.default";
		Credential credential = azure(scope);
		assertHeader(credential, "Bearer canary-1");
		assertHeader(credential, "Bearer canary-1");
		assertHeader(azure(scope), "Bearer canary-1");
		assertThat(this.identity.queries()).singleElement()
			.asString()
			.contains("resource=https://fetched-anew.example");

		StepVerifier.create(credential.refresh(CredentialHeader.bearer("canary-1")))
			.expectNext(true)
			.expectComplete()
			.verify(DEADLINE);
		assertHeader(credential, "Bearer canary-2");
		assertHeader(azure(scope), "Bearer canary-2");
		assertThat(this.identity.queries()).hasSize(2);

		StepVerifier.create(credential.refresh(CredentialHeader.bearer("canary-2")))
			.expectNext(false)
			.expectComplete()
			.verify(DEADLINE);
		assertThat(this.identity.queries()).hasSize(2);
		assertThat(output.getAll()).contains("com.microsoft.aad.msal4j").doesNotContain("canary");
	}

	@Test
	void aSlowEndpointBlocksNoThreadOfTheSubscriber() {
		this.identity.hold();
		Credential credential = azure("https://slow.example/.default");
		CompletableFuture<CredentialHeader> header = Mono.defer(credential::header)
			.subscribeOn(Schedulers.single())
			.toFuture();
		// on the same thread that subscribed above
		StepVerifier.create(Mono.fromSupplier(header::isDone).subscribeOn(Schedulers.single()))
			.expectNext(false)
			.expectComplete()
			.verify(DEADLINE);
		this.identity.release();
		StepVerifier.create(Mono.fromFuture(header)).expectNextCount(1).expectComplete().verify(DEADLINE);
	}

	private static Credential azure(String scope) {
		BackendProperties backend = new BackendProperties("b", URI.create("https://b.example"), null, null, 1, 1, 1,
				null, Map.of(), null, scope, Set.of());
		return CredentialProvider.ofEnvironment().forBackend(backend, BackendDialect.AZURE);
	}

	private static void assertHeader(Credential credential, String value) {
		StepVerifier.create(credential.header())
			.expectNext(new CredentialHeader("Authorization", value))
			.expectComplete()
			.verify(DEADLINE);
	}

}
