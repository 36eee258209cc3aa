package dev.weir.upstream;

import java.util.Set;
import java.util.function.UnaryOperator;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.http.HttpHeaders;
import org.springframework.http.support.Netty4HeadersAdapter;

import dev.weir.testing.Allocation;
import dev.weir.gateway.ResponseHeaders;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The allocations of the two allow-lists of headers.
 */
@Tag("cost")
class HeadersCostTests {

	@Test
	void aClientsHeadersArePickedWithoutACopyOfAll() {
		DefaultHttpHeaders all = new DefaultHttpHeaders();
		all.add("Content-Type", "application/json").add("User-Agent", "test");
		for (int i = 0; i < 50; i++) {
			all.add("x-other-" + i, "x".repeat(100));
		}
		HttpHeaders client = new HttpHeaders(new Netty4HeadersAdapter(all));
		assertThat(Allocation.of(2000, () -> RequestHeaders.from(client, Set.of(), UnaryOperator.identity())))
			.isLessThan(1_500);
	}

	@Test
	void aBackendsHeadersArePassedOneByOne() {
		DefaultHttpHeaders backend = new DefaultHttpHeaders();
		backend.add("Content-Type", "application/json").add("x-ms-region", "East").add("Server", "x");
		assertThat(
				Allocation.of(2000,
						() -> ResponseHeaders.copy(backend,
								new HttpHeaders(new Netty4HeadersAdapter(new DefaultHttpHeaders())))))
			.isLessThan(2_000);
	}

}
