package dev.weir.websocket;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;

import dev.weir.affinity.Owner;
import dev.weir.backend.Attempt;
import dev.weir.backend.Backend;
import dev.weir.backend.Outcome;
import dev.weir.config.Secret;
import dev.weir.inbound.EphemeralKey;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Client;
import dev.weir.request.IssuedKey;
import dev.weir.request.IssuedKeys;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;

/**
 * The ephemeral keys of realtime sessions that backends have issued through Weir, each
 * with its backend, until it expires. Only hashes are kept.
 */
public final class EphemeralKeys implements IssuedKeys {

	private static final JsonMapper JSON = JsonMapper.shared();

	private static final int MAX_KEYS = 100_000;

	/** The longest reply that is read; a session has instructions and tools. */
	private static final int MAX_REPLY = 1024 * 1024;

	/** The validity of a key whose reply does not state it, as in OpenAI's API. */
	private static final Duration DEFAULT_VALIDITY = Duration.ofMinutes(10);

	private final InstantSource clock;

	private final Cache<String, Issued> keys;

	/**
	 * Creates an empty memory.
	 * @param clock the wall clock: keys expire at a date
	 * @param ticker a monotonic clock in nanoseconds
	 */
	EphemeralKeys(InstantSource clock, Ticker ticker) {
		this.clock = clock;
		this.keys = Caffeine.newBuilder()
			.maximumSize(MAX_KEYS)
			.ticker(ticker)
			.executor(Runnable::run)
			.expireAfter(Expiry.writing((String hash, Issued issued) -> issued.validity()))
			.build();
	}

	/**
	 * Restricts a request with an ephemeral key to the backend that has issued it.
	 * @param context the request
	 * @param headers its headers
	 * @throws ApiErrorException with status 401 if the key is not known or has expired
	 */
	public void bind(RequestContext context, HttpHeaders headers) {
		String key = context.call().path().takesKey() ? EphemeralKey.of(headers) : null;
		if (key == null) {
			return;
		}
		Issued issued = this.keys.getIfPresent(hash(key));
		if (issued == null) {
			throw new ApiErrorException(ApiError.invalid(401,
					"The ephemeral key was not issued through this Weir, or has expired. Request another one.", null,
					"invalid_api_key"));
		}
		context.useKey(new IssuedKey(Secret.of(key), issued.owner().backend(), issued.owner()::isReachedBy));
	}

	@Override
	public @Nullable String principalOf(String key) {
		Issued issued = this.keys.getIfPresent(hash(key));
		return (issued != null) ? issued.principal() : null;
	}

	/**
	 * Remembers the key in the reply to a request, if it is one for a key.
	 * @param context the request
	 * @param reply the reply
	 * @return the reply to write
	 */
	public Reply observe(RequestContext context, Reply reply) {
		Attempt attempt = context.failover().attempts().current();
		return (attempt != null && context.call().path().issuesKey())
				? new ObservedReply(reply, attempt.lane().backend(), context.client()) : reply;
	}

	private void remember(byte[] body, Backend backend, @Nullable Client client) {
		try {
			JsonNode json = JSON.readTree(body);
			JsonNode secret = json.path("client_secret").isObject() ? json.path("client_secret") : json;
			String key = secret.path("value").asString("");
			long expiry = secret.path("expires_at").asLong(0);
			Duration validity = (expiry > 0) ? Duration.between(this.clock.instant(),
					Instant.ofEpochSecond(Math.min(expiry, Integer.MAX_VALUE * 2L))) : DEFAULT_VALIDITY;
			if (!key.isEmpty() && !validity.isNegative()) {
				this.keys.put(hash(key),
						new Issued(Owner.of(backend), validity, (client != null) ? client.principal() : null));
			}
		}
		catch (JacksonException ex) {
			// not a key
		}
	}

	private static String hash(String key) {
		try {
			return HexFormat.of()
				.formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private record Issued(Owner owner, Duration validity, @Nullable String principal) {
	}

	/** A reply whose body is read while it is written. */
	private final class ObservedReply implements Reply {

		private final Reply reply;

		private final Backend backend;

		private final @Nullable Client client;

		ObservedReply(Reply reply, Backend backend, @Nullable Client client) {
			this.reply = reply;
			this.backend = backend;
			this.client = client;
		}

		@Override
		public Mono<Void> writeTo(ServerHttpResponse response) {
			return this.reply.writeTo(new ServerHttpResponseDecorator(response) {

				@Override
				public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
					return super.writeWith(read(response, body));
				}

			});
		}

		/** Remembers the key before the client has the end of the reply. */
		private Publisher<DataBuffer> read(ServerHttpResponse response, Publisher<? extends DataBuffer> body) {
			ByteArrayOutputStream read = new ByteArrayOutputStream();
			Flux<DataBuffer> parts = Flux.<DataBuffer>from(body).doOnNext((part) -> {
				byte[] bytes = new byte[part.readableByteCount()];
				part.toByteBuffer(ByteBuffer.wrap(bytes));
				if (read.size() + bytes.length <= MAX_REPLY && isSuccess(response)) {
					read.writeBytes(bytes);
					remember(read.toByteArray(), this.backend, this.client);
				}
			});
			return (body instanceof Mono<?>) ? parts.next() : parts;
		}

		private boolean isSuccess(ServerHttpResponse response) {
			HttpStatusCode status = response.getStatusCode();
			return status != null && status.is2xxSuccessful();
		}

		@Override
		public boolean isEarly() {
			return this.reply.isEarly();
		}

		@Override
		public void discard(Outcome outcome) {
			this.reply.discard(outcome);
		}

	}

}
