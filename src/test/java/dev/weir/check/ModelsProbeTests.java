package dev.weir.check;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;

import dev.weir.config.BackendProperties;
import dev.weir.credential.Credential;
import dev.weir.credential.CredentialProvider;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

class ModelsProbeTests {

	@Test
	void aTokenThatCannotBeFetchedIsAFaultWithItsCure() {
		BackendProperties backend = TestPools.backend("openai1");
		Credential credential = CredentialProvider
			.from(() -> (request) -> Mono.error(new IllegalStateException("canary")))
			.forBackend(backend, backend.effectiveDialect());
		List<Finding> findings = new ModelsProbe(backend, credential, (url, header) -> Mono.never()).findings().block();
		assertThat(findings).singleElement().satisfies((finding) -> {
			assertThat(finding.isFault()).isTrue();
			assertThat(finding.text()).isEqualTo("No Microsoft Entra ID token for"
					+ " https://cognitiveservices.azure.com/.default (IllegalStateException)");
			assertThat(finding.cure()).startsWith("Give Weir a managed identity with the role").endsWith(".");
		});
	}

	@ParameterizedTest
	@CsvSource({ "200, none, ok", "401, 401: it needs a key, FAULT" })
	void aBackendWithoutAKeyMayNeedOne(int status, String text, String level) {
		BackendProperties backend = TestPools.backend("local", "url=http://localhost:8000");
		Credential credential = CredentialProvider.withoutPrefetch().forBackend(backend, backend.effectiveDialect());
		List<Finding> findings = new ModelsProbe(backend, credential,
				(url, header) -> Mono.just(new ProbeResponse(status, "{}".getBytes())))
			.findings()
			.block();
		assertThat(findings.get(0).text()).startsWith(text);
		assertThat(findings.get(0).level()).hasToString(level);
	}

	@Test
	void aListThatIsTooLongIsNoFault() {
		BackendProperties backend = TestPools.backend("local", "url=http://localhost:8000");
		Credential credential = CredentialProvider.withoutPrefetch().forBackend(backend, backend.effectiveDialect());
		List<Finding> findings = new ModelsProbe(backend, credential,
				(url, header) -> Mono.error(new BackendProbe.TooLongException()))
			.findings()
			.block();
		assertThat(findings).singleElement().satisfies((finding) -> {
			assertThat(finding.isFault()).isFalse();
			assertThat(finding.text()).contains("cannot be listed");
		});
	}

	@Test
	void azureIsAskedInTheClassicDialectIfItDoesNotKnowTheOther() {
		BackendProperties backend = TestPools.backend("openai1", "apiKey=k");
		Credential credential = CredentialProvider.withoutPrefetch().forBackend(backend, backend.effectiveDialect());
		List<Finding> findings = new ModelsProbe(backend, credential,
				(url, header) -> Mono.just(new ProbeResponse(
						url.endsWith("/openai/models?api-version=2024-10-21") ? 200 : 404, "{}".getBytes())))
			.findings()
			.block();
		assertThat(findings).extracting(Finding::text).containsExactly("accepted", "every model under its own name");
	}

}
