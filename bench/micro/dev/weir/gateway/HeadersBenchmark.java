package dev.weir.gateway;

import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

import org.springframework.http.HttpHeaders;
import org.springframework.http.support.Netty4HeadersAdapter;

import dev.weir.upstream.RequestHeaders;

/**
 * The two allow-lists of headers, of requests and of responses, once per attempt.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HeadersBenchmark {

	private final HttpHeaders client = new HttpHeaders(new Netty4HeadersAdapter(new DefaultHttpHeaders()
		.add("Host", "weir:8080")
		.add("Content-Type", "application/json")
		.add("Content-Length", "1969")
		.add("Accept", "application/json")
		.add("User-Agent", "AzureOpenAI/Python 1.99.0")
		.add("api-key", "of-the-client")
		.add("x-stainless-lang", "python")
		.add("x-stainless-retry-count", "0")));

	private final io.netty.handler.codec.http.HttpHeaders backend = new DefaultHttpHeaders()
		.add("Content-Type", "application/json")
		.add("Content-Length", "975")
		.add("apim-request-id", "0b3c1f0e-7c7d-4b0f-9d8e-1a2b3c4d5e6f")
		.add("x-ms-region", "Sweden Central")
		.add("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
		.add("x-ratelimit-remaining-requests", "999")
		.add("x-ratelimit-remaining-tokens", "99000");

	@Benchmark
	public Object up() {
		return RequestHeaders.from(this.client, Set.of(), (model) -> model);
	}

	@Benchmark
	public Object down() {
		HttpHeaders passed = new HttpHeaders(new Netty4HeadersAdapter(new DefaultHttpHeaders()));
		ResponseHeaders.copy(this.backend, passed);
		return passed;
	}

}
