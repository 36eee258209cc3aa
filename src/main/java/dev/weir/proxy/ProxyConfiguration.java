package dev.weir.proxy;

import com.github.benmanes.caffeine.cache.Ticker;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.webflux.error.ErrorWebExceptionHandler;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.backend.Pools;
import dev.weir.config.LiveConfiguration;
import dev.weir.credential.CredentialProvider;
import dev.weir.memory.BufferBudget;
import dev.weir.failover.Failover;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.cloud.gateway.config.GatewayLoadBalancerProperties;

/**
 * The filters that read a client's call and write a backend's.
 */
@Configuration(proxyBeanMethods = false)
class ProxyConfiguration {

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
	ReadCallFilter readCallFilter(Pools pools, BufferBudget budget, LiveConfiguration configuration,
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
	BackendEndpoints backendEndpoints(Pools pools, CredentialProvider credentials) {
		return new BackendEndpoints(pools, credentials);
	}

	@Bean
	ModelsFilter modelsFilter(Pools pools, BackendEndpoints endpoints, ObjectProvider<HttpClient> client,
			Scheduler timers, Ticker ticker) {
		return new ModelsFilter(pools, new FetchedModels(endpoints, client, timers, ticker));
	}

	@Bean
	BackendCallFilter backendCallFilter(BackendEndpoints endpoints) {
		return new BackendCallFilter(endpoints);
	}

	@Bean
	BreakGuardFilter breakGuardFilter() {
		return new BreakGuardFilter();
	}

	@Bean
	ReplyFilter replyFilter(Pools pools) {
		return new ReplyFilter(pools);
	}

	@Bean
	FailoverFilter failoverFilter(Pools pools, BackendEndpoints endpoints, Failover failover) {
		return new FailoverFilter(pools, endpoints, failover);
	}

	@Bean
	LaneChoiceFilter laneChoiceFilter(LoadBalancerClientFactory factory, GatewayLoadBalancerProperties properties) {
		return new LaneChoiceFilter(factory, properties);
	}

	@Bean
	ErrorWebExceptionHandler errorAnswerHandler() {
		return new ErrorReplyHandler();
	}

	@Bean
	RouteLog routeLog(GatewayProperties gateway) {
		return new RouteLog(gateway);
	}

	@Bean
	static ReadableRoutes.Installer readableRoutes() {
		return new ReadableRoutes.Installer();
	}

	@Bean
	static PoolUrlFilter.Installer poolUrlFilter() {
		return new PoolUrlFilter.Installer();
	}

	@Bean
	static PoolRouteMetadata poolRouteMetadata(ObjectProvider<LiveConfiguration> configuration) {
		return new PoolRouteMetadata(configuration);
	}

}
