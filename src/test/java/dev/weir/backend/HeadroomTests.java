package dev.weir.backend;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

import dev.weir.openai.quota.QuotaHeaders;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class HeadroomTests {

	private static final Offset<Double> EXACTLY = Offset.offset(1e-9);

	private final VirtualTime time = new VirtualTime();

	private final Headroom headroom = new Headroom(this.time);

	@Test
	void isUnknownBeforeTheFirstHeader() {
		assertThat(this.headroom.known()).isEmpty();
		record("content-type", "application/json");
		assertThat(this.headroom.known()).isEmpty();
	}

	@Test
	void isTheLowestOfTheShares() {
		record("remaining-tokens", "900", "limit-tokens", "1000", "remaining-requests", "3", "limit-requests", "10");
		assertKnown(0.3);
		record("remaining-tokens", "200", "limit-tokens", "1000", "remaining-requests", "9", "limit-requests", "10");
		assertKnown(0.2);
	}

	@Test
	void ofAProvisionedDeploymentIsTheUnusedShare() {
		utilization("63.5%");
		assertKnown(0.365);
		utilization("104%");
		assertKnown(0);
	}

	@Test
	void isAShareOfTheLargestRemainingValueIfNoLimitIsKnown() {
		record("remaining-tokens", "400");
		assertKnown(1);
		record("remaining-tokens", "100");
		assertKnown(0.25);
		record("remaining-tokens", "0");
		assertKnown(0);
	}

	@Test
	void isNeverMoreThanOne() {
		record("remaining-tokens", "5000", "limit-tokens", "1000");
		assertKnown(1);
		record("remaining-tokens", "0", "limit-tokens", "0");
		assertKnown(0);
	}

	@Test
	void isValidUntilItsLimitIsReset() {
		record("remaining-tokens", "10", "limit-tokens", "100", "reset-tokens", "30", "remaining-requests", "20",
				"limit-requests", "100", "reset-requests", "1m0s");
		this.time.advance(Duration.ofMillis(29_999));
		assertKnown(0.1);
		this.time.advance(Duration.ofMillis(1));
		assertKnown(0.2);
		this.time.advance(Duration.ofSeconds(30));
		assertThat(this.headroom.known()).isEmpty();
	}

	@Test
	void isValidForTenSecondsWithoutAReset() {
		utilization("90%");
		this.time.advance(Duration.ofMillis(9999));
		assertKnown(0.1);
		this.time.advance(Duration.ofMillis(1));
		assertThat(this.headroom.known()).isEmpty();
	}

	@Test
	void aResponseWithoutHeadersChangesNothing() {
		record("remaining-tokens", "10", "limit-tokens", "100", "reset-tokens", "30");
		record("remaining-requests", "50", "limit-requests", "100");
		record();
		assertKnown(0.1);
	}

	private void assertKnown(double share) {
		assertThat(this.headroom.known()).hasValueCloseTo(share, EXACTLY);
	}

	private void utilization(String value) {
		this.headroom.record(QuotaHeaders.read(Map.of("azure-openai-deployment-utilization", value)::get));
	}

	private void record(String... namesAndValues) {
		Map<String, String> headers = new HashMap<>();
		for (int i = 0; i < namesAndValues.length; i += 2) {
			headers.put("x-ratelimit-" + namesAndValues[i], namesAndValues[i + 1]);
		}
		this.headroom.record(QuotaHeaders.read(headers::get));
	}

}
