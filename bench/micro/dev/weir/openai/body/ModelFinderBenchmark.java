package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Finding the model in a request's body, once per request.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ModelFinderBenchmark {

	@Param({ "2000", "300000" })
	private int length;

	private byte[] body;

	@Setup
	public void make() {
		this.body = ("{\"messages\":[{\"role\":\"user\",\"content\":\"" + "word ".repeat(this.length / 5)
				+ "\"}],\"model\":\"gpt-4o\",\"stream\":true}")
			.getBytes(StandardCharsets.UTF_8);
	}

	@Benchmark
	public Object find() {
		return RequestBody.of(this.body, "application/json");
	}

}
