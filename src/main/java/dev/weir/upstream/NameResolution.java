package dev.weir.upstream;

import java.time.Duration;

import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.client.HttpClient;

import org.springframework.cloud.gateway.config.HttpClientCustomizer;

/**
 * Resolves the names of backends with Netty's DNS resolver: it respects the time to live,
 * so that Weir follows a change of address, and its query timeout is shorter than the
 * connect timeout, so that a slow name server fails faster than a backend that is down.
 */
final class NameResolution implements HttpClientCustomizer {

	/** The longest time an address is cached, even if its record allows more. */
	static final Duration MAX_TIME_TO_LIVE = Duration.ofMinutes(1);

	/** How long a failed look-up is cached, so that not every request repeats it. */
	static final Duration NEGATIVE_TIME_TO_LIVE = Duration.ofSeconds(1);

	/** The timeout of a query; the next name server is then asked. */
	static final Duration QUERY_TIMEOUT = Duration.ofSeconds(2);

	private final @Nullable DnsServerAddressStreamProvider servers;

	/**
	 * Creates the customizer.
	 * @param servers the name servers, or {@code null} for the system's
	 */
	NameResolution(@Nullable DnsServerAddressStreamProvider servers) {
		this.servers = servers;
	}

	@Override
	public HttpClient customize(HttpClient client) {
		// a proxy resolves the names itself
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
