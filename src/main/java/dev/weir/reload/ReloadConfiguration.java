package dev.weir.reload;

import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Future;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.common.CompositeCustomizer;
import io.github.resilience4j.common.circuitbreaker.configuration.CircuitBreakerConfigCustomizer;

import org.springframework.boot.autoconfigure.ssl.SslProperties;
import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.cloud.autoconfigure.RefreshAutoConfiguration.RefreshProperties;
import org.springframework.cloud.context.refresh.ConfigDataContextRefresher;
import org.springframework.cloud.context.scope.refresh.RefreshScope;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.backend.PoolSet;
import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Pools;
import dev.weir.config.LiveConfiguration;
import dev.weir.config.load.ConfigurationReader;
import dev.weir.config.load.FileFingerprints;
import dev.weir.config.load.ListenerBundles;
import dev.weir.gateway.LiveRoutes;
import dev.weir.memory.BufferBudget;

/**
 * Configures reloads and their causes.
 */
@Configuration(proxyBeanMethods = false)
class ReloadConfiguration {

	@Bean
	ConfigurationStatus configurationHealthIndicator(InstantSource clock) {
		return new ConfigurationStatus(clock);
	}

	/** Settings that are read outside of pools. */
	@Bean
	ConfigurationListener generalSettings(LiveConfiguration configuration, BufferBudget budget) {
		return new ConfigurationListener() {

			@Override
			public void onApplied(PoolSet current) {
				configuration.apply(current.properties());
				budget.limit(current.properties().bufferLimit().toBytes());
			}

		};
	}

	@Bean
	Reload reload(ConfigurationReader reader, LiveConfiguration configuration, GatewayProperties gateway, Pools pools,
			LiveRoutes routes, List<ConfigurationListener> listeners,
			CompositeCustomizer<CircuitBreakerConfigCustomizer> breakerCustomizers, ConfigurationStatus status) {
		return new Reload(reader, reader.started(configuration.current(), gateway), pools, routes, listeners,
				breakerCustomizers, status);
	}

	@Bean
	CertificateRenewal certificateRenewal(ListenerBundles bundles, SslBundleRegistry registry, SslProperties settings,
			Ticker ticker) {
		return new CertificateRenewal(bundles.watched(), registry,
				settings.getBundle().getWatch().getFile().getQuietPeriod(), ticker);
	}

	@Bean
	ConfigurationWatch configurationWatch(Reload reload, FileFingerprints started, CertificateRenewal certificates) {
		return new ConfigurationWatch(reload, started, certificates);
	}

	@Bean
	HangupSignal hangupSignal(ConfigurationWatch watch) {
		return new HangupSignal(() -> {
			Future<Reload.Result> unused = watch.readNow(ReloadCause.HANGUP);
		});
	}

	@Bean
	ConfigDataContextRefresher configDataContextRefresher(ConfigurableApplicationContext context, RefreshScope scope,
			RefreshProperties properties, ConfigurationWatch watch) {
		return new ReloadContextRefresher(context, scope, properties, watch);
	}

}
