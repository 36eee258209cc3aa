package dev.weir.affinity;

import com.github.benmanes.caffeine.cache.Ticker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.backend.Backend;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

class OwnerTests {

	private static Backend backend(String name, String... settings) {
		return TestPools.pool(Ticker.disabledTicker(), TestPools.backend(name, settings)).backends().get(0);
	}

	@ParameterizedTest
	@ValueSource(strings = { "https://res.openai.azure.com", "https://RES.openai.azure.com:443/",
			"https://res.openai.azure.com/openai/v1/", "https://res.openai.azure.com/openai" })
	void everyUrlOfAnAzureResourceLeadsToTheSameOwner(String url) {
		Owner owner = Owner.of(backend("a", "url=https://res.openai.azure.com", "api-key=1"));
		assertThat(owner.isReachedBy(backend("b", "url=" + url, "api-key=2"))).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "https://res.openai.azure.com", "https://res.services.ai.azure.com/openai/v1",
			"https://RES.cognitiveservices.azure.com:443/" })
	void everyHostNameOfAnAzureResourceLeadsToTheSameOwner(String url) {
		Owner owner = Owner.of(backend("a", "url=https://res.openai.azure.com", "api-key=1", "dialect=azure"));
		assertThat(owner.isReachedBy(backend("b", "url=" + url, "api-key=2", "dialect=azure"))).isTrue();
		Owner other = Owner.of(backend("a", "url=https://other.services.ai.azure.com", "api-key=1", "dialect=azure"));
		assertThat(other.isReachedBy(backend("b", "url=" + url, "api-key=2", "dialect=azure"))).isFalse();
	}

	@ParameterizedTest
	@CsvSource({ "https://res.openai.azure.com/openai/v1,openai", "https://res.openai.azure.com,azure",
			"https://res.services.ai.azure.com/openai/v1,openai",
			"https://res.cognitiveservices.azure.com/openai,openai" })
	void anAzureResourceIsOneOwnerInEveryDialect(String url, String dialect) {
		Owner owner = Owner.of(backend("a", "url=https://res.openai.azure.com", "api-key=1"));
		Backend other = backend("b", "url=" + url, "api-key=2", "dialect=" + dialect);
		assertThat(owner.isReachedBy(other)).isTrue();
		assertThat(owner.isSamePlace(Owner.of(other))).isTrue();
	}

	@Test
	void anotherResourceIsAnotherOwnerEvenIfItsBackendHasTheName() {
		Owner owner = Owner.of(backend("a", "url=https://one.openai.azure.com"));
		assertThat(owner.isReachedBy(backend("a", "url=https://two.openai.azure.com"))).isFalse();
	}

	@Test
	void twoKeysOfAServerThatIsNotAzureAreTwoAccounts() {
		Owner owner = Owner.of(backend("a", "url=https://api.openai.com/v1", "api-key=one"));
		assertThat(owner.isReachedBy(backend("b", "url=https://api.openai.com/v1", "api-key=two"))).isFalse();
		assertThat(owner.isReachedBy(backend("c", "url=https://api.openai.com", "api-key=one"))).isTrue();
	}

	@Test
	void aBackendKeepsItsObjectsWhenItsKeyChanges() {
		Owner owner = Owner.of(backend("a", "url=https://api.openai.com/v1", "api-key=one"));
		assertThat(owner.isReachedBy(backend("a", "url=https://api.openai.com/v1", "api-key=new"))).isTrue();
	}

	@Test
	void aPathOfAGatewayBelongsToTheResource() {
		Owner owner = Owner.of(backend("a", "url=https://gateway.example/east/v1"));
		assertThat(owner.isReachedBy(backend("b", "url=https://gateway.example/west/v1"))).isFalse();
		assertThat(owner.isReachedBy(backend("c", "url=https://gateway.example/east"))).isTrue();
	}

}
