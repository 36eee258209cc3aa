package dev.weir.client.limit;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import dev.weir.config.ClientPriority;
import dev.weir.config.ClientProperties;
import dev.weir.config.WeirProperties;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.request.Client;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;
import dev.weir.testing.Allocation;
import dev.weir.testing.Bodies;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The cost of limits: nothing without clients, and the same for any number of clients.
 */
@Tag("cost")
class LimitCostTests {

	private final VirtualTime time = new VirtualTime();

	private static WeirProperties settings(int count) {
		List<ClientProperties> clients = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			Long limit = (i != 1) ? 1_000_000L : null;
			clients.add(new ClientProperties("client-" + i, List.of(), List.of(), List.of(), List.of(), List.of(),
					List.of(), List.of(), List.of(), null, limit, limit, null, null, List.of(), ClientPriority.NORMAL));
		}
		WeirProperties base = new Binder(new MapConfigurationPropertySource(Map.of())).bindOrCreate("weir",
				WeirProperties.class);
		return new WeirProperties(base.pools(), base.maxBody(), base.maxBuffered(), base.maxInFlight(),
				base.headerTimeout(), base.bodyTimeout(), base.clientIdleTimeout(), base.websocketIdleTimeout(),
				base.drainDelay(), base.affinity(), base.startupCheck(), clients, base.entra(), base.operators(),
				base.open(), base.state(), base.redis());
	}

	private ClientQuotas quotas(WeirProperties settings) {
		return new ClientQuotas(settings, new LimitClock(this.time, this.time), this.time, (refusal) -> {
		});
	}

	private RequestContext request(@Nullable ClientProperties client) {
		RequestContext context = new RequestContext("id", this.time.loop(), this.time, List.of());
		if (client != null) {
			context.identify(new Client(client));
		}
		RequestBody body = RequestBody.of(Bodies.CHAT.getBytes(StandardCharsets.UTF_8), "application/json");
		context.onCallRead(new ApiCall(ApiPath.parse("POST", "/v1/chat/completions", null), "gpt-4o", body, true));
		return context;
	}

	@Test
	void aRequestWithoutClientsOrLimitsAllocatesNothing() {
		WeirProperties settings = settings(2);
		ClientQuotas quotas = quotas(settings);
		RequestContext open = request(null);
		assertThat(Allocation.of(1000, () -> quotas.reserve(open))).isLessThan(8);
		RequestContext unlimited = request(settings.clients().get(1));
		assertThat(Allocation.of(1000, () -> quotas.reserve(unlimited))).isLessThan(8);
	}

	@Test
	void aLimitedRequestCostsTheSameWithAnyNumberOfClients() {
		List<String> log = new ArrayList<>();
		for (int clients : new int[] { 1, 100, 10_000 }) {
			WeirProperties settings = settings(clients);
			ClientQuotas quotas = quotas(settings);
			List<RequestContext> requests = settings.clients().stream().limit(64).map(this::request).toList();
			requests.forEach((context) -> reserve(quotas, context));
			int[] next = new int[1];
			Runnable one = () -> reserve(quotas, requests.get(next[0]++ % requests.size()));
			long bytes = Allocation.of(2000, one);
			long start = System.nanoTime();
			for (int i = 0; i < 100_000; i++) {
				one.run();
			}
			log.add(clients + " clients: " + (System.nanoTime() - start) / 100_000 + " ns and " + bytes
					+ " bytes to reserve and settle");
			assertThat(bytes).isLessThan(1_500);
		}
		System.out.println(String.join("\n", log));
	}

	private static void reserve(ClientQuotas quotas, RequestContext context) {
		Reservation reservation = quotas.reserve(context);
		if (reservation != null) {
			reservation.end();
		}
	}

}
