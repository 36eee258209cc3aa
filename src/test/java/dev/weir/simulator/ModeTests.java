package dev.weir.simulator;

import java.net.http.HttpRequest;
import java.net.http.HttpTimeoutException;
import java.time.Duration;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

class ModeTests {

	@AutoClose
	private final SimulatedBackend backend = SimulatedBackend
		.start(SimulatorProperties.Backend.withoutDelay("openai1", 4000), new VirtualTime());

	private final SimulatorClient client = new SimulatorClient(this.backend.url());

	@Test
	void aBackendInModeDownRespondsWith503UntilItsModeIsOk() {
		assertThat(this.client.post("/simulator/down", "").statusCode()).isEqualTo(200);
		assertThat(this.client.chat().statusCode()).isEqualTo(503);
		assertThat(this.client.post("/simulator/ok", "").statusCode()).isEqualTo(200);
		assertThat(this.client.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void aBackendInModeThrottleRespondsWith429AndADelayOf20Seconds() {
		this.client.post("/simulator/throttle", "");
		assertThat(this.client.chat()).satisfies((response) -> {
			assertThat(response.statusCode()).isEqualTo(429);
			assertThat(response.headers().firstValue("retry-after")).contains("20");
		});
	}

	@Test
	void aBackendInModeHangDoesNotRespond() {
		this.client.post("/simulator/hang", "");
		assertThatException()
			.isThrownBy(
					() -> this.client.send(HttpRequest.newBuilder(this.backend.url().resolve("/v1/chat/completions"))
						.timeout(Duration.ofMillis(300))
						.POST(HttpRequest.BodyPublishers.ofString(SimulatorClient.HI))))
			.havingRootCause()
			.isInstanceOf(HttpTimeoutException.class);
	}

	@Test
	void anUnknownModeChangesNothing() {
		assertThat(this.client.post("/simulator/off", "").body()).contains("ok, down, throttle, hang");
		assertThat(this.client.chat().statusCode()).isEqualTo(200);
	}

}
