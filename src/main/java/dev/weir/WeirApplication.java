package dev.weir;

import java.time.Clock;
import java.time.InstantSource;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;

import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurationExcludeFilter;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.boot.context.TypeExcludeFilter;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.FilterType;

import dev.weir.backend.Pools;
import dev.weir.check.ConfigurationCheck;
import dev.weir.client.NewKey;
import dev.weir.config.LiveConfiguration;
import dev.weir.memory.BufferBudget;
import dev.weir.logging.BatchingConsoleListener;
import dev.weir.memory.OutOfMemoryAppender;

/**
 * The Weir gateway as a Spring Boot application. All beans are in classes named
 * {@code …Configuration}, so that a start does not read all classes to find them.
 */
@SpringBootApplication(proxyBeanMethods = false)
@ComponentScan(resourcePattern = "**/*Configuration.class",
		excludeFilters = { @ComponentScan.Filter(ManagementContextConfiguration.class),
				@ComponentScan.Filter(type = FilterType.CUSTOM,
						classes = { TypeExcludeFilter.class, AutoConfigurationExcludeFilter.class }) })
public class WeirApplication {

	public static void main(String[] args) {
		if (ConfigurationCheck.isRequested(args)) {
			System.exit(new ConfigurationCheck(WeirApplication.class, System.out).run(args));
		}
		if (NewKey.isRequested(args)) {
			System.exit(new NewKey(System.out).run(args));
		}
		SpringApplication application = new SpringApplication(WeirApplication.class);
		application.addListeners(new BatchingConsoleListener(), new OutOfMemoryAppender());
		application.run(args);
	}

	@Bean
	Pools pools(LiveConfiguration configuration, CircuitBreakerRegistry breakers, Ticker ticker) {
		return new Pools(configuration.current(), breakers, ticker);
	}

	@Bean
	BufferBudget bufferBudget(LiveConfiguration configuration, Ticker ticker) {
		return new BufferBudget(configuration.current().bufferLimit().toBytes(), ticker);
	}

	/** The wall clock, for dates only. */
	@Bean
	InstantSource clock() {
		return Clock.systemUTC();
	}

	/** The monotonic clock, for all durations. */
	@Bean
	Ticker ticker() {
		return Ticker.systemTicker();
	}

	/**
	 * The scheduler of the few timers that belong to no event loop: those of queues, of
	 * lists of models and of the drain delay.
	 */
	@Bean(destroyMethod = "")
	Scheduler timers() {
		return Schedulers.parallel();
	}

	@Bean
	RandomGenerator random() {
		return () -> ThreadLocalRandom.current().nextLong();
	}

}
