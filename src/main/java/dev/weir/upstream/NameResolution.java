package dev.weir.upstream;

import java.time.Duration;

import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.client.HttpClient;

import org.springframework.cloud.gateway.config.HttpClientCustomizer;

/**
 * How the names of backends become addresses: asked for anew when their time to live is
 * over, so that a change of address is followed, and never waited for as long as a
 * backend that is down is.
 */
final class NameResolution implements HttpClientCustomizer {

	/** The longest an address is kept, whatever its record says. */
	static final Duration MAX_TIME_TO_LIVE = Duration.ofMinutes(1);

	/** How long a name is known not to exist, so that not every request asks. */
	static final Duration NEGATIVE_TIME_TO_LIVE = Duration.ofSeconds(1);

	/** How long a name server may take; after it the next one is asked. */
	static final Duration QUERY_TIMEOUT = Duration.ofSeconds(2);

	private final @Nullable DnsServerAddressStreamProvider servers;

	/**
	 * Resolves names.
	 * @param servers the name servers, or {@code null} for the system's
	 */
	NameResolution(@Nullable DnsServerAddressStreamProvider servers) {
		this.servers = servers;
	}

	@Override
	public HttpClient customize(HttpClient client) {
		// behind a proxy it is the proxy that knows the names
		return client.configuration().hasProxy() ? client : client.resolver((spec) -> {
			spec.cacheMaxTimeToLive(MAX_TIME_TO_LIVE)
				.cacheNegativeTimeToLive(NEGATIVE_TIME_TO_LIVE)
				.queryTimeout(QUERY_TIMEOUT);
			if (this.servers != null) {
				spec.dnsAddressResolverGroupProvider(
						(builder) -> new DnsAddressResolverGroup(builder.nameServerProvider(this.servers)));
			}
		});
	}

}
