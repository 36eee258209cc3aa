package dev.weir;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;

import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The order of the gateway filters in the documentation.
 */
class FilterOrderTests {

	@Test
	void theFiltersAreInTheDocumentedOrder() {
		try (RawBackend backend = RawBackend.start((call) -> call.answer("200 OK", "{}"));
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("a", backend.url()))) {
			Map<String, GlobalFilter> filters = weir.beans(GlobalFilter.class);
			List<String> names = filters.values()
				.stream()
				.sorted(Comparator.comparingInt((filter) -> ((Ordered) filter).getOrder()))
				.map((filter) -> filter.getClass().getSimpleName())
				.toList();
			assertThat(names).containsSubsequence("BreakGuardFilter", "PoolUrlFilter", "ReadCallFilter", "ModelsFilter",
					"FailoverFilter", "LaneChoiceFilter", "BackendCallFilter", "PoolRoutingFilter");
			assertThat(names.indexOf("RelayFilter")).isBetween(names.indexOf("BreakGuardFilter"),
					names.indexOf("PoolUrlFilter"));
		}
	}

}
