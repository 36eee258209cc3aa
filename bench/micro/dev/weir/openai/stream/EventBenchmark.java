package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Scanning a server-sent event that arrives in a separate buffer.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EventBenchmark {

	private final byte[] chunk = ("data: {\"id\":\"chatcmpl-9rXk2mock0123456789abcdef\",\"object\":"
			+ "\"chat.completion.chunk\",\"created\":1730000000,\"model\":\"gpt-4o-2024-08-06\",\"system_fingerprint\":"
			+ "\"fp_mock\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"logprobs\":null,"
			+ "\"finish_reason\":null,\"content_filter_results\":{}}]}\n\n")
		.getBytes(StandardCharsets.UTF_8);

	private final EventSplitter splitter = new EventSplitter(64 * 1024);

	@Benchmark
	public Object scan() {
		StreamEvent event = this.splitter.add(this.chunk).get(0);
		return (event.usage() == null) ? event.kind() : event;
	}

}
