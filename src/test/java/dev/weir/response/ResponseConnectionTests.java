package dev.weir.response;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.netty.util.concurrent.GlobalEventExecutor;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

import dev.weir.request.RequestLoop;
import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A response that is given up after its connection went back to the pool does not disturb
 * the request that uses the connection now.
 */
class ResponseConnectionTests {

	private static final Duration LIMIT = Duration.ofSeconds(5);

	@Test
	void anUnreadResponseThatHasEndedKeepsTheConnectionForTheNextRequest() {
		runWithGivenUp(ResponseConnection::close);
	}

	@Test
	void aBodyThatIsDisposedOfAfterItsEndKeepsTheConnectionForTheNextRequest() {
		runWithGivenUp((connection) -> {
			RequestLoop loop = new RequestLoop.OfEventLoop(GlobalEventExecutor.INSTANCE);
			loop.execute(() -> ResponseBody.of(connection, loop, null).dispose());
		});
	}

	private static void runWithGivenUp(Consumer<Connection> giveUp) {
		CountDownLatch go = new CountDownLatch(1);
		ConnectionProvider pool = ConnectionProvider.builder("one").maxConnections(1).build();
		try (RawBackend backend = RawBackend.start((call) -> {
			if (call.request().contains("/second")) {
				go.await(5, TimeUnit.SECONDS);
			}
			call.respond("200 OK", Bodies.COMPLETION);
		})) {
			HttpClient client = HttpClient.create(pool).baseUrl(backend.url().toString());
			CompletableFuture<Connection> unread = new CompletableFuture<>();
			client.get().uri("/first").responseConnection((head, connection) -> {
				unread.complete(connection);
				return Mono.empty();
			}).blockLast(LIMIT);
			CompletableFuture<String> second = client.get()
				.uri("/second")
				.responseContent()
				.aggregate()
				.asString()
				.toFuture();
			await().atMost(LIMIT).until(() -> backend.requests().size() == 2);
			giveUp.accept(unread.join());
			go.countDown();
			assertThat(second).succeedsWithin(LIMIT).isEqualTo(Bodies.COMPLETION);
			assertThat(backend.connections()).isEqualTo(1);
		}
		finally {
			pool.dispose();
		}
	}

}
