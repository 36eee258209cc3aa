package dev.weir.shared;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.function.Supplier;

import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Authenticates at Azure Managed Redis: the user is the object id of the identity, the
 * password is its token. Redis closes a connection whose token has expired, so each open
 * connection gets the next token before that.
 */
final class EntraRedisCredentials implements RedisCredentialsProvider {

	/** The scope of Azure Managed Redis and Azure Cache for Redis. */
	static final String SCOPE = "https://redis.azure.com/.default";

	/** How often a new token is looked for; a token is renewed minutes before its end. */
	static final Duration INTERVAL = Duration.ofSeconds(30);

	private static final JsonMapper JSON = JsonMapper.shared();

	private final Supplier<Mono<String>> tokens;

	private final @Nullable String user;

	private final Duration interval;

	private final Scheduler timers;

	/**
	 * Creates the credentials.
	 * @param tokens supplies a valid token
	 * @param user the user, or {@code null} for the object id in the token
	 * @param interval how often a new token is looked for
	 * @param timers runs the timer
	 */
	EntraRedisCredentials(Supplier<Mono<String>> tokens, @Nullable String user, Duration interval, Scheduler timers) {
		this.tokens = tokens;
		this.user = user;
		this.interval = interval;
		this.timers = timers;
	}

	@Override
	public Mono<RedisCredentials> resolveCredentials() {
		return Mono.defer(this.tokens).map(this::credentials);
	}

	@Override
	public boolean supportsStreaming() {
		return true;
	}

	/** One subscriber for each connection, until it is closed. */
	@Override
	public Flux<RedisCredentials> credentials() {
		return Flux.interval(this.interval, this.timers)
			.onBackpressureDrop()
			// the provider of tokens logs a failure; the next tick tries again
			.concatMap((tick) -> Mono.defer(this.tokens).onErrorComplete(), 1)
			.distinctUntilChanged()
			.map(this::credentials);
	}

	private RedisCredentials credentials(String token) {
		return RedisCredentials.just((this.user != null) ? this.user : objectId(token), token);
	}

	/** The token is not verified: it is Weir's own, and Redis verifies it. */
	private static String objectId(String token) {
		String[] parts = token.split("\\.");
		JsonNode claims = (parts.length == 3)
				? JSON.readTree(new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8)) : null;
		String id = (claims != null) ? claims.path("oid").asString("") : "";
		if (id.isEmpty()) {
			throw new IllegalStateException("The token for Redis has no object id; set spring.data.redis.username");
		}
		return id;
	}

}
