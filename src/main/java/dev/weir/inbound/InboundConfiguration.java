package dev.weir.inbound;

import java.util.random.RandomGenerator;

import io.micrometer.core.instrument.MeterRegistry;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.webflux.error.ErrorWebExceptionHandler;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.config.LiveConfiguration;
import dev.weir.memory.BufferBudget;
import dev.weir.request.ClientLimits;
import dev.weir.request.RefusalLog;
import dev.weir.request.RequestsInFlight;

/**
 * The filters that read the request of a client, and the handler that writes Weir's own
 * error replies.
 */
@Configuration(proxyBeanMethods = false)
class InboundConfiguration {

	/** The limit for each decoder thread. */
	private static final int MAX_WAITING_BODIES = 1000;

	@Bean
	QueryKeyRemover queryKeyRemover() {
		return new QueryKeyRemover();
	}

	@Bean
	ProtocolKeyRemover protocolKeyRemover() {
		return new ProtocolKeyRemover();
	}

	@Bean
	IncomingRequestFilter incomingRequestFilter() {
		return new IncomingRequestFilter();
	}

	@Bean
	RequestsInFlight requestsInFlight(LiveConfiguration configuration, RandomGenerator random) {
		return new RequestsInFlight(() -> configuration.current().maxInFlight(), random);
	}

	@Bean
	OverloadFilter overloadFilter(RequestsInFlight inFlight, RefusalLog refusals, MeterRegistry meters) {
		return new OverloadFilter(inFlight, refusals, meters);
	}

	@Bean
	ReadCallFilter readCallFilter(PoolResolver pools, BufferBudget budget,
			@Qualifier("bodyDecoders") Scheduler decoders) {
		return new ReadCallFilter(pools, budget, decoders);
	}

	@Bean
	AuthorizeFilter authorizeFilter(PoolResolver pools, RefusalLog refusals, ClientLimits limits) {
		return new AuthorizeFilter(pools, refusals, limits);
	}

	/**
	 * Decodes compressed request bodies outside the event loops. The small number of
	 * threads limits the processor time and memory used at once.
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
