package dev.weir.upstream;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;

import com.github.benmanes.caffeine.cache.AsyncCacheLoader;
import com.github.benmanes.caffeine.cache.AsyncLoadingCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.handler.codec.http.HttpHeaderNames;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;

import dev.weir.backend.Backend;
import dev.weir.backend.Pool;
import dev.weir.config.BackendDialect;
import dev.weir.credential.CredentialHeader;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.call.ModelList;

/**
 * Caches the models that backends list themselves, for backends without {@code models} in
 * the configuration. Only backends of dialect {@code openai} are asked: Azure lists base
 * models, not deployments. A list costs no tokens. It is fetched when a client asks for
 * models, with at most one request to a backend at a time.
 */
public final class ModelListCache {

	/**
	 * The age at which a list is fetched again. The old list is used until the new one
	 * has arrived.
	 */
	static final Duration REFRESH = Duration.ofMinutes(5);

	/** How long a list is kept that no client asks for. */
	private static final Duration KEEP = Duration.ofHours(1);

	/** How long a backend is not asked again after it returned no list. */
	static final Duration KEEP_FAILURE = Duration.ofSeconds(30);

	/** How long a client waits for the first list. */
	static final Duration MAX_WAIT = Duration.ofSeconds(1);

	private static final Duration TIMEOUT = Duration.ofSeconds(5);

	/** The longest list that is read, in bytes. */
	public static final int MAX_BYTES = 1024 * 1024;

	private static final Logger logger = LoggerFactory.getLogger(ModelListCache.class);

	private static final String TARGET = ApiPath.parse("GET", "/v1/models", null).toOpenAiTarget();

	private final BackendEndpoints endpoints;

	private final ObjectProvider<HttpClient> client;

	private final Scheduler timers;

	private final AsyncLoadingCache<Backend, Fetched> lists;

	/**
	 * Creates an empty cache.
	 * @param endpoints the addresses and credentials of backends
	 * @param client the HTTP client for backends
	 * @param timers the scheduler for timeouts
	 * @param ticker a monotonic clock in nanoseconds
	 */
	ModelListCache(BackendEndpoints endpoints, ObjectProvider<HttpClient> client, Scheduler timers, Ticker ticker) {
		this.endpoints = endpoints;
		this.client = client;
		this.timers = timers;
		this.lists = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(Runnable::run)
			.weakKeys()
			.refreshAfterWrite(REFRESH)
			.expireAfter(Expiry.writing((Backend backend, Fetched list) -> list.failed() ? KEEP_FAILURE : KEEP))
			.buildAsync(new Loader());
	}

	/**
	 * The models of a pool: those in its configuration and those that its backends list.
	 * @param pool the pool
	 * @return the sorted names, after at most {@link #MAX_WAIT}; never an error
	 */
	public Mono<SortedSet<String>> of(Pool pool) {
		List<Backend> asked = pool.backends().stream().filter(ModelListCache::isAsked).toList();
		if (asked.isEmpty()) {
			return Mono.just(pool.models());
		}
		return Flux.fromIterable(asked).flatMap(this::list, asked.size()).collect(pool::models, SortedSet::addAll);
	}

	private static boolean isAsked(Backend backend) {
		return backend.dialect() == BackendDialect.OPENAI && backend.properties().models().isEmpty();
	}

	private Mono<SortedSet<String>> list(Backend backend) {
		CompletableFuture<Fetched> list = backend.isAvailable() ? this.lists.get(backend)
				: this.lists.getIfPresent(backend);
		// other requests wait for the same future, so a cancelled request must not cancel
		// it
		return (list == null) ? Mono.empty()
				: Mono.fromFuture(list, true)
					.map(Fetched::models)
					.timeout(MAX_WAIT, Mono.empty(), this.timers)
					.onErrorResume((ex) -> Mono.empty());
	}

	private Mono<Fetched> fetch(Backend backend) {
		BackendEndpoints.Endpoint endpoint = this.endpoints.of(backend);
		return endpoint.credential()
			.header()
			.map(Optional::of)
			.defaultIfEmpty(Optional.empty())
			.flatMap((header) -> call(endpoint.base() + TARGET, header.orElse(null)))
			.timeout(TIMEOUT, this.timers)
			.map((body) -> new Fetched(ModelList.read(body), false))
			.onErrorResume((ex) -> {
				logger.info("Could not fetch the models of {}: {}", backend.name(), describe(ex));
				return Mono.just(Fetched.NONE);
			});
	}

	private Mono<byte[]> call(String url, @Nullable CredentialHeader credential) {
		return this.client.getObject().headers((headers) -> {
			headers.set(HttpHeaderNames.USER_AGENT, "weir");
			headers.set(HttpHeaderNames.ACCEPT, "application/json");
			headers.set(HttpHeaderNames.ACCEPT_ENCODING, "identity");
			if (credential != null) {
				headers.set(credential.name(), credential.value());
			}
		})
			.get()
			.uri(url)
			.response((response, content) -> content.asByteArray()
				.collect(ByteArrayOutputStream::new, ModelListCache::append)
				.map((body) -> {
					if (response.status().code() != 200) {
						throw new IllegalStateException("status " + response.status().code());
					}
					return body.toByteArray();
				}))
			.single();
	}

	private static void append(ByteArrayOutputStream body, byte[] part) {
		if (body.size() + part.length > MAX_BYTES) {
			throw new IllegalStateException("more than " + MAX_BYTES + " bytes");
		}
		body.writeBytes(part);
	}

	private static String describe(Throwable error) {
		return (error instanceof TimeoutException) ? "no response within " + TIMEOUT.toSeconds() + " s"
				: String.valueOf(error.getMessage());
	}

	/** Fetches lists. A failed refresh keeps the old list. */
	private final class Loader implements AsyncCacheLoader<Backend, Fetched> {

		@Override
		public CompletableFuture<Fetched> asyncLoad(Backend backend, Executor executor) {
			return fetch(backend).toFuture().thenApply(Objects::requireNonNull);
		}

		@Override
		public CompletableFuture<Fetched> asyncReload(Backend backend, Fetched old, Executor executor) {
			return fetch(backend).map((list) -> list.failed() ? old : list)
				.toFuture()
				.thenApply(Objects::requireNonNull);
		}

	}

	/**
	 * The result of one request to a backend.
	 *
	 * @param models the names; empty if there was no list
	 * @param failed whether there was no list
	 */
	private record Fetched(SortedSet<String> models, boolean failed) {

		static final Fetched NONE = new Fetched(new TreeSet<>(), true);

	}

}
