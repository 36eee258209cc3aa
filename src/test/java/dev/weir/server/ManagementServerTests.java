package dev.weir.server;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.netty.util.concurrent.EventExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.netty.http.HttpResources;

import org.springframework.core.env.Environment;

import dev.weir.testing.OpenResources;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A separate management port has its own event loop.
 */
class ManagementServerTests {

	private final OpenResources resources = new OpenResources();

	private final CountDownLatch end = new CountDownLatch(1);

	@AfterEach
	void close() {
		this.end.countDown();
		this.resources.close();
	}

	@Test
	void healthOnTheManagementPortRepliesWhileAllEventLoopsOfTheServerAreBusy() throws Exception {
		WeirServer weir = this.resources
			.add(WeirServer.start("management.server.port: 0\nmanagement.server.address: 127.0.0.1\n"
					+ WeirServer.pool("", WeirServer.backend("a", URI.create("http://127.0.0.1:9")))));
		String port = weir.bean(Environment.class).getRequiredProperty("local.management.port");
		List<EventExecutor> loops = new ArrayList<>();
		HttpResources.get().onServer(true).forEach(loops::add);
		CountDownLatch busy = new CountDownLatch(loops.size());
		loops.forEach((loop) -> loop.execute(() -> {
			busy.countDown();
			waitForEnd();
		}));
		assertThat(busy.await(10, TimeUnit.SECONDS)).isTrue();
		HttpResponse<String> health = HttpClient.newHttpClient()
			.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/actuator/health/readiness"))
				.timeout(Duration.ofSeconds(5))
				.build(), HttpResponse.BodyHandlers.ofString());
		assertThat(health.statusCode()).isEqualTo(200);
	}

	private void waitForEnd() {
		try {
			this.end.await(10, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
