package dev.weir.shared;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import com.github.benmanes.caffeine.cache.Ticker;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.resource.Delay;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import reactor.core.scheduler.Scheduler;

import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.data.redis.autoconfigure.ClientResourcesBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.DataRedisProperties;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientConfigurationBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.ReactiveRedisConnectionFactory;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.lettuce.RedisCredentialsProviderFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

import dev.weir.affinity.OwnerExchange;
import dev.weir.backend.Pools;
import dev.weir.client.limit.LimitClock;
import dev.weir.config.AzureCloud;
import dev.weir.config.LiveConfiguration;
import dev.weir.credential.CredentialProvider;

/**
 * Shares state through Redis. Without {@code weir.state: redis} none of it exists.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(name = "weir.state", havingValue = "redis")
class SharedConfiguration {

	/** Commands that have no reply yet; beyond it, further ones fail at once. */
	private static final int MAX_COMMANDS = 10_000;

	private static final Duration TIMEOUT = Duration.ofSeconds(1);

	/**
	 * While there is no connection commands fail at once, instead of being kept for
	 * later.
	 */
	@Bean
	LettuceClientOptionsBuilderCustomizer failFast() {
		return (options) -> options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
			.requestQueueSize(MAX_COMMANDS)
			.reauthenticateBehavior(ClientOptions.ReauthenticateBehavior.ON_NEW_CREDENTIALS);
	}

	@Bean
	@ConditionalOnProperty(name = "weir.redis.credential", havingValue = "entra")
	LettuceClientConfigurationBuilderCustomizer entraCredentials(CredentialProvider credentials,
			DataRedisProperties redis, Scheduler timers) {
		RedisCredentialsProvider provider = new EntraRedisCredentials(
				credentials.tokens(AzureCloud.PUBLIC, EntraRedisCredentials.SCOPE), redis.getUsername(),
				EntraRedisCredentials.INTERVAL, timers);
		return (client) -> client.redisCredentialsProviderFactory(new RedisCredentialsProviderFactory() {

			@Override
			public RedisCredentialsProvider createCredentialsProvider(RedisConfiguration configuration) {
				return provider;
			}

		});
	}

	/** By default, Lettuce waits for up to 30 s before it connects again. */
	@Bean
	ClientResourcesBuilderCustomizer reconnectSoon() {
		return (resources) -> resources.ioThreadPoolSize(2)
			.computationThreadPoolSize(2)
			.reconnectDelay(Delay.fullJitter(Duration.ofMillis(50), Duration.ofSeconds(1), 100, TimeUnit.MILLISECONDS));
	}

	@Bean
	SharedMetrics sharedMetrics(MeterRegistry registry) {
		return new SharedMetrics(registry);
	}

	@Bean
	RedisLink redisLink(ReactiveRedisConnectionFactory connections, DataRedisProperties redis,
			LiveConfiguration configuration, Ticker ticker, LimitClock clock, SharedMetrics metrics) {
		Duration timeout = (redis.getTimeout() != null) ? redis.getTimeout() : TIMEOUT;
		return new RedisLink(new ReactiveStringRedisTemplate(connections),
				new RedisLink.Settings(configuration.current().redis().keyPrefix(), redis.getDatabase(), timeout),
				ticker, clock::now, metrics);
	}

	@Bean
	SharedCooldowns sharedCooldowns(RedisLink link, Pools pools) {
		return new SharedCooldowns(link, pools.cooldowns());
	}

	@Bean
	RedisLeases redisLeases(RedisLink link, Scheduler timers) {
		return new RedisLeases(link, timers);
	}

	@Bean
	SharedOwners sharedOwners(RedisLink link, OwnerExchange owners, LiveConfiguration configuration) {
		return new SharedOwners(link, owners, () -> configuration.current().affinity().expireAfter());
	}

	@Bean
	SmartInitializingSingleton sharedParts(RedisLink link, SharedCooldowns cooldowns, RedisLeases leases,
			SharedOwners owners) {
		return () -> {
			link.add(owners);
			owners.listen();
			link.add(cooldowns);
			link.add(leases);
			cooldowns.listen();
		};
	}

	@Bean
	SharedStateHealth stateHealthIndicator(RedisLink link) {
		return new SharedStateHealth(link);
	}

	@Bean
	MeterBinder sharedConnectionMetrics(RedisLink link) {
		return (registry) -> Gauge.builder("weir.shared.connected", link, (it) -> it.isConnected() ? 1 : 0)
			.description("Whether state is shared through Redis: 1 or 0")
			.register(registry);
	}

}
