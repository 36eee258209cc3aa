package dev.weir.gateway;

import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.gateway.filter.headers.GRPCRequestHeadersFilter;
import org.springframework.cloud.gateway.filter.headers.GRPCResponseHeadersFilter;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.cloud.gateway.filter.headers.RemoveForwardedHeadersFilter;
import org.springframework.cloud.gateway.filter.headers.RemoveHopByHopHeadersFilter;
import org.springframework.cloud.gateway.filter.headers.RemoveXForwardedHeadersFilter;
import org.springframework.cloud.gateway.filter.headers.TransferEncodingNormalizationHeadersFilter;

/**
 * Checks whether a headers filter of Spring Cloud Gateway, or of the user, may change the
 * headers of attempts. Most of the gateway's filters have no effect on the allow-lists of
 * {@link RequestHeaders} and {@link ResponseHeaders}.
 */
final class HeadersFilterCheck {

	private static final Set<Class<?>> IDLE = Set.of(ResponseHeaders.class, RemoveForwardedHeadersFilter.class,
			RemoveXForwardedHeadersFilter.class, TransferEncodingNormalizationHeadersFilter.class,
			GRPCRequestHeadersFilter.class, GRPCResponseHeadersFilter.class);

	// a copy: the filter's own set changes when users configure other headers
	private static final Set<String> HOPS = Set.of("connection", "keep-alive", "transfer-encoding", "te", "trailer",
			"proxy-authorization", "proxy-authenticate", "x-application-context", "upgrade");

	private final Supplier<@Nullable List<HttpHeadersFilter>> filters;

	private volatile @Nullable Boolean active;

	HeadersFilterCheck(Supplier<@Nullable List<HttpHeadersFilter>> filters) {
		this.filters = filters;
	}

	/**
	 * Whether a filter may change headers of attempts.
	 * @return whether the filters must be run
	 */
	boolean hasActive() {
		Boolean known = this.active;
		if (known == null) {
			List<HttpHeadersFilter> all = this.filters.get();
			known = all != null && all.stream().anyMatch((filter) -> !isIdle(filter));
			this.active = known;
		}
		return known;
	}

	private static boolean isIdle(HttpHeadersFilter filter) {
		// users may configure more headers for it to remove
		return IDLE.contains(filter.getClass()) || (filter.getClass() == RemoveHopByHopHeadersFilter.class
				&& HOPS.containsAll(((RemoveHopByHopHeadersFilter) filter).getHeaders()));
	}

}
