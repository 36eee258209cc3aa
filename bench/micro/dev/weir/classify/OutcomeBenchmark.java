package dev.weir.classify;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

import dev.weir.backend.Outcome;
import dev.weir.openai.call.Operation;
import dev.weir.testing.Bodies;
import dev.weir.testing.TestPools;

/**
 * Classifying a response, once per attempt.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class OutcomeBenchmark {

	private static final byte[] BODY = Bodies.AZURE_THROTTLED.getBytes(StandardCharsets.UTF_8);

	@Param({ "200", "429", "503" })
	private int status;

	private final OutcomeClassifier classifier = new OutcomeClassifier(
			TestPools.pool(() -> 0, TestPools.backend("a")).properties().cooldown(),
			AttemptFacts.of(Operation.CHAT_COMPLETIONS));

	private final Map<String, String> headers = Map.of("retry-after-ms", "1500", "x-ratelimit-remaining-tokens", "0");

	private final Instant now = Instant.now();

	@Benchmark
	public Outcome classify() {
		return OutcomeClassifier.needsBody(this.status)
				? this.classifier.classify(ErrorFacts.of(this.status, this.headers::get, BODY), this.now)
				: OutcomeClassifier.classify(this.status);
	}

}
