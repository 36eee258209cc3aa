package dev.weir.inbound;

import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.webflux.error.ErrorWebExceptionHandler;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.config.LiveConfiguration;
import dev.weir.memory.BufferBudget;

/**
 * The filters that read the request of a client, and the reply where Weir makes it
 * itself.
 */
@Configuration(proxyBeanMethods = false)
class InboundConfiguration {

	/** For each thread that decodes. */
	private static final int MAX_WAITING_BODIES = 1000;

	@Bean
	QueryKeyRemover queryKeyRemover() {
		return new QueryKeyRemover();
	}

	@Bean
	IncomingRequestFilter incomingRequestFilter() {
		return new IncomingRequestFilter();
	}

	@Bean
	ReadCallFilter readCallFilter(PoolResolver pools, BufferBudget budget, LiveConfiguration configuration,
			@Qualifier("bodyDecoders") Scheduler decoders) {
		return new ReadCallFilter(pools, budget, configuration.current().maxBody(), decoders);
	}

	/**
	 * Decodes compressed request bodies beside the event loops. Its few threads bound how
	 * much of the processor and of memory that takes at once.
	 */
	@Bean(destroyMethod = "dispose", defaultCandidate = false)
	Scheduler bodyDecoders() {
		int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
		return Schedulers.newBoundedElastic(threads, MAX_WAITING_BODIES, "weir-decoder");
	}

	@Bean
	ErrorWebExceptionHandler errorReplyHandler() {
		return new ErrorReplyHandler();
	}

}
