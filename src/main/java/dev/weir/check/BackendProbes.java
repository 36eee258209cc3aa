package dev.weir.check;

import java.time.InstantSource;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;

import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddressStreamProviders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;

import dev.weir.config.BackendProperties;
import dev.weir.config.LiveConfiguration;
import dev.weir.config.PoolProperties;
import dev.weir.credential.CredentialProvider;

/**
 * Tries all configured backends, several at the same time.
 */
final class BackendProbes {

	private static final int AT_ONCE = 16;

	private final LiveConfiguration configuration;

	private final CredentialProvider credentials;

	private final ObjectProvider<HttpClient> client;

	private final ObjectProvider<DnsServerAddressStreamProvider> servers;

	private final InstantSource clock;

	BackendProbes(LiveConfiguration configuration, CredentialProvider credentials, ObjectProvider<HttpClient> client,
			ObjectProvider<DnsServerAddressStreamProvider> servers, InstantSource clock) {
		this.configuration = configuration;
		this.credentials = credentials;
		this.client = client;
		this.servers = servers;
		this.clock = clock;
	}

	/**
	 * Opens a connection to each backend and closes it without a request.
	 * @return the reports, in the order of the configuration
	 */
	Flux<BackendReport> connect() {
		return each((probe, target) -> probe.connect(target.backend(), target.pool().connectTimeout()));
	}

	/**
	 * Tries the connection, the credential and the models of each backend.
	 * @return the reports, in the order of the configuration
	 */
	Flux<BackendReport> request() {
		return each((probe, target) -> probe.request(target.backend(), target.pool().connectTimeout(),
				this.credentials.forBackend(target.backend(), target.backend().effectiveDialect())));
	}

	private Flux<BackendReport> each(BiFunction<BackendProbe, Target, Mono<BackendReport>> step) {
		List<Target> targets = this.configuration.current()
			.pools()
			.values()
			.stream()
			.flatMap((pool) -> pool.backends().stream().map((backend) -> new Target(pool, backend)))
			.toList();
		return Flux.using(
				() -> new NameAliases(this.servers.getIfAvailable(DnsServerAddressStreamProviders::platformDefault)),
				(aliases) -> {
					BackendProbe probe = new BackendProbe(this.client.getObject(), new PrivateLinkHint(aliases),
							this.clock);
					return Flux.fromIterable(targets).flatMapSequential((target) -> step.apply(probe, target), AT_ONCE);
				}, NameAliases::close);
	}

	private record Target(PoolProperties pool, BackendProperties backend) {
	}

}
