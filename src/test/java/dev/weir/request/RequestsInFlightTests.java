package dev.weir.request;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import dev.weir.openai.error.ApiErrorException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * When clients may send again that were refused because of too many requests in flight.
 */
class RequestsInFlightTests {

	private static final int REFUSALS = 10_000;

	private final RequestsInFlight inFlight = new RequestsInFlight(() -> 4, new Random(14));

	private Map<String, String> refusal(String client) {
		return catchThrowableOfType(ApiErrorException.class, () -> this.inFlight.begin(client)).headers();
	}

	@Test
	void c12ClientsThatAreRefusedTogetherDoNotReturnTogether() {
		for (int i = 0; i < 4; i++) {
			this.inFlight.begin(null);
		}
		assertSpread(Stream.generate(() -> refusal("chat")));
		assertSpread(Stream.generate(() -> this.inFlight.overloaded().headers()));
		assertThat(this.inFlight.count()).isEqualTo(4);
	}

	@Test
	void theRequestsOfOneClientThatAreRefusedTogetherDoNotReturnTogether() {
		this.inFlight.begin("chat");
		this.inFlight.begin("chat");
		assertSpread(Stream.generate(() -> refusal("chat")));
		this.inFlight.begin("other");
		assertThat(this.inFlight.count()).isEqualTo(3);
	}

	/** In each tenth of a second between 1 s and 2 s about as many as in each other. */
	private static void assertSpread(Stream<Map<String, String>> refusals) {
		List<Integer> delays = new ArrayList<>();
		refusals.limit(REFUSALS).forEach((headers) -> {
			int millis = Integer.parseInt(headers.get("retry-after-ms"));
			assertThat(millis).isBetween(1000, 2000);
			assertThat(headers).containsEntry("retry-after", (millis > 1000) ? "2" : "1");
			delays.add(Math.min(millis, 1999) / 100);
		});
		Map<Integer, Long> perTenth = delays.stream()
			.collect(Collectors.groupingBy((tenth) -> tenth, Collectors.counting()));
		assertThat(perTenth).hasSize(10)
			.allSatisfy((tenth, count) -> assertThat(count).isBetween(REFUSALS / 12L, REFUSALS / 8L));
	}

}
