package dev.weir.backend;

import java.net.URI;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.weir.config.BackendDialect;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

class PoolTests {

	private final VirtualTime time = new VirtualTime();

	@Test
	void aBackendThatNamesModelsServesThoseAndNoOthers() {
		Pool pool = TestPools.pool(this.time, TestPools.backend("a", "models[gpt-4o]=chat"), TestPools.backend("b"));
		assertThat(pool.lanes("gpt-4o")).extracting(Lane::getInstanceId).containsExactly("a/gpt-4o", "b/gpt-4o");
		assertThat(pool.lanes("gpt-4o")).extracting(Lane::deployment).containsExactly("chat", "gpt-4o");
		assertThat(pool.lanes("other")).extracting(Lane::getInstanceId).containsExactly("b/other");
	}

	@Test
	void aStarMeansEveryOtherModel() {
		Pool pool = TestPools.pool(this.time, TestPools.backend("a", "models[*]=everything", "models[gpt-4o]=chat"));
		assertThat(pool.lanes("gpt-4o").get(0).deployment()).isEqualTo("chat");
		assertThat(pool.lanes("what-else").get(0).deployment()).isEqualTo("everything");
	}

	@Test
	void aCallThatNamesNoModelGoesToAnyBackend() {
		Pool pool = TestPools.pool(this.time, TestPools.backend("a", "models[gpt-4o]=chat"), TestPools.backend("b"));
		assertThat(pool.lanes("")).hasSize(2);
	}

	@Test
	void laneOfAModelStaysTheSame() {
		Pool pool = TestPools.pool(this.time, TestPools.backend("a"));
		assertThat(pool.lanes("gpt-4o").get(0)).isSameAs(pool.lanes("gpt-4o").get(0));
	}

	@Test
	void modelsAreThoseOfTheConfigurationAndThoseThatWereServed() {
		Pool pool = TestPools.pool(this.time, TestPools.backend("a", "models[gpt-4o]=chat", "models[*]=any"));
		end(pool.lanes("served").get(0), new Outcome.Served(200));
		end(pool.lanes("made-up").get(0), new Outcome.Rejected(404));
		end(pool.lanes("").get(0), new Outcome.Served(200));
		assertThat(pool.models()).containsExactly("gpt-4o", "served");
	}

	@Test
	void clientsCannotFillTheMemoryWithNamesOfModels() {
		Pool pool = TestPools.pool(this.time, TestPools.backend("a"));
		for (int i = 0; i < 5000; i++) {
			pool.lanes("model-" + i);
		}
		assertThat(pool.knownLanes()).hasSizeLessThanOrEqualTo(1000);
	}

	@ParameterizedTest
	@CsvSource({ "https://x.openai.azure.com, AZURE", "https://X.OpenAI.Azure.com/, AZURE",
			"https://x.services.ai.azure.com, AZURE", "https://x.cognitiveservices.azure.com, AZURE",
			"https://x.azure-api.net/prefix, AZURE", "https://x.openai.azure.us, AZURE",
			"https://x.openai.azure.cn, AZURE", "https://api.openai.com, OPENAI", "http://127.0.0.1:8000/v1, OPENAI",
			"https://openai.azure.com.evil.example, OPENAI" })
	void theDialectOfABackendFollowsFromItsHost(URI url, BackendDialect dialect) {
		Pool pool = TestPools.pool(this.time, TestPools.backend("a", "url=" + url));
		assertThat(pool.backends().get(0).dialect()).isEqualTo(dialect);
	}

	@Test
	void theDialectOfABackendCanBeSet() {
		Pool pool = TestPools.pool(this.time, TestPools.backend("a", "url=http://localhost:1", "dialect=azure"));
		assertThat(pool.backends().get(0).dialect()).isEqualTo(BackendDialect.AZURE);
	}

	@ParameterizedTest
	@CsvSource({ "40, 40 ms", "999, 999 ms", "1000, 1 s", "7249, 7.2 s", "60000, 60 s", "119000, 119 s",
			"120000, 2 min", "300000, 5 min", "3600000, 1 h", "5400000, 90 min", "86400000, 24 h", "90000000, 25 h",
			"7170000, 2 h", "7230000, 2 h 1 min", "63480000, 17 h 38 min", "86399999, 24 h", "2592000000, 30 days" })
	void durationsAreFormattedInASuitableUnit(long millis, String words) {
		assertThat(DurationText.of(Duration.ofMillis(millis))).isEqualTo(words);
	}

	private static void end(Lane lane, Outcome outcome) {
		Attempt attempt = lane.tryBegin();
		assertThat(attempt).isNotNull();
		attempt.end(outcome);
	}

}
