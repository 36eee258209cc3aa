package dev.weir.server;

import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.test.scheduler.VirtualTimeScheduler;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.streaming;
import static dev.weir.testing.WeirServer.backend;
import static org.assertj.core.api.Assertions.assertThat;

class DrainDelayTests {

	private final VirtualTimeScheduler timers = VirtualTimeScheduler.create();

	private final AtomicInteger done = new AtomicInteger();

	@Test
	void theStopContinuesAfterTheDelay() {
		DrainDelay delay = started(Duration.ofSeconds(5));
		delay.stop(this.done::incrementAndGet);
		assertThat(delay.isRunning()).isFalse();
		assertThat(delay.isDraining()).isTrue();
		this.timers.advanceTimeBy(Duration.ofMillis(4999));
		assertThat(this.done).hasValue(0);
		this.timers.advanceTimeBy(Duration.ofMillis(1));
		assertThat(this.done).hasValue(1);
	}

	@Test
	void theStopContinuesAtOnceWithoutADelay() {
		started(Duration.ZERO).stop(this.done::incrementAndGet);
		assertThat(this.done).hasValue(1);
	}

	@Test
	@Timeout(60)
	void weirServesRequestsDuringTheDelayAndFinishesItsStreamsAfterIt() throws Exception {
		CountDownLatch streaming = new CountDownLatch(1);
		CountDownLatch mayEnd = new CountDownLatch(1);
		try (RawBackend backend = RawBackend.start((call) -> {
			if (!call.request().contains("\"stream\":true")) {
				call.respond("200 OK", Bodies.COMPLETION);
				return;
			}
			call.beginEvents();
			call.chunk("data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n");
			streaming.countDown();
			mayEnd.await();
			call.chunk("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
			call.endChunks();
		});
				WeirServer weir = WeirServer
					.start(WeirServer.pool("", backend("openai1", backend.url())) + "  drain-delay: 3s\n")) {
			CompletableFuture<String> stream = CompletableFuture
				.supplyAsync(() -> weir.post("/v1/chat/completions", Bodies.CHAT_STREAM).body());
			await(streaming);
			HttpResponse<String> ready = weir.get("/actuator/health/readiness");
			assertThat(ready.statusCode()).isEqualTo(200);
			assertThat(ready.headers().firstValue("connection")).isEmpty();
			CompletableFuture<Void> stop = CompletableFuture.runAsync(weir::close);
			while (weir.get("/actuator/health/readiness").statusCode() == 200) {
				Thread.onSpinWait();
			}
			assertThat(weir.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
			HttpResponse<String> late = weir.chat();
			assertThat(late.statusCode()).isEqualTo(200);
			assertThat(late.headers().firstValue("connection")).hasValue("close");
			awaitRefusal(weir);
			assertThat(stop).isNotDone();
			mayEnd.countDown();
			assertThat(stream.get(10, TimeUnit.SECONDS)).contains("one").contains("[DONE]");
			stop.get(10, TimeUnit.SECONDS);
		}
	}

	private DrainDelay started(Duration delay) {
		DrainDelay it = new DrainDelay(() -> delay, this.timers);
		it.start();
		assertThat(it.isRunning()).isTrue();
		return it;
	}

	private static void awaitRefusal(WeirServer weir) {
		while (true) {
			try {
				weir.chat();
			}
			catch (UncheckedIOException ex) {
				// a persistent connection may be closed during a request before that
				if (ex.getCause() instanceof ConnectException) {
					return;
				}
			}
		}
	}

	private static void await(CountDownLatch latch) {
		try {
			assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
