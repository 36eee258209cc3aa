package dev.weir.client.limit;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.config.LiveConfiguration;
import dev.weir.config.WeirProperties;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Client;
import dev.weir.request.RequestContext;
import dev.weir.testing.Bodies;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Refusals can be attributed to a client.
 */
@ExtendWith(OutputCaptureExtension.class)
class LimitConfigurationTests {

	private final VirtualTime time = new VirtualTime();

	private final MeterRegistry meters = new SimpleMeterRegistry();

	private final WeirProperties settings = new Binder(new MapConfigurationPropertySource(
			Map.of("weir.clients[0].name", "chat", "weir.clients[0].requests-per-minute", "1", "weir.clients[1].name",
					"everyone", "weir.clients[1].requests-per-minute", "1")))
		.bind("weir", WeirProperties.class)
		.get();

	private final ClientQuotas quotas = new LimitConfiguration().clientQuotas(new LiveConfiguration(this.settings),
			new LimitClock(this.time, this.time), this.time, this.meters,
			new DefaultListableBeanFactory().getBeanProvider(LimitLeases.class));

	private void send(String id, Client client) {
		RequestContext context = new RequestContext(id, this.time.loop(), this.time, List.of());
		context.identify(client);
		context.onCallRead(new ApiCall(ApiPath.parse("POST", "/v1/chat/completions", null), "gpt-4o",
				RequestBody.of(Bodies.CHAT.getBytes(StandardCharsets.UTF_8), "application/json"), true));
		this.quotas.reserve(context);
	}

	private void isRefused(String id, Client client) {
		assertThatExceptionOfType(ApiErrorException.class).isThrownBy(() -> send(id, client));
	}

	private double refused(String client) {
		return this.meters.get("weir.clients.refused")
			.tag("client", client)
			.tag("limit", "requests-per-minute")
			.counter()
			.count();
	}

	@Test
	void refusalsAreCountedByTheEntryOfTheClient() {
		Client chat = new Client(this.settings.clients().get(0));
		Client everyone = new Client(this.settings.clients().get(1));
		for (Client client : List.of(chat, everyone.member("app-1"), everyone.member("app-2"))) {
			send("served", client);
			isRefused("refused", client);
		}
		assertThat(refused("chat")).isEqualTo(1);
		assertThat(refused("everyone")).isEqualTo(2);
		assertThat(this.meters.find("weir.clients.refused").counters()).hasSize(2);
	}

	@Test
	void aRefusalIsLoggedWithClientAndLimitAtMostOnceInTenSeconds(CapturedOutput output) {
		Client chat = new Client(this.settings.clients().get(0));
		send("served", chat);
		isRefused("first", chat);
		isRefused("second", chat);
		assertThat(output).containsOnlyOnce("Refused a request of client chat with 429")
			.contains("The client 'chat' is at its limit of 1 requests per minute", "[first]")
			.doesNotContain("[second]");
		this.time.advance(Duration.ofSeconds(60));
		send("served", chat);
		isRefused("third", chat);
		assertThat(output).contains("(and 1 others since the last line) [third]");
	}

}
