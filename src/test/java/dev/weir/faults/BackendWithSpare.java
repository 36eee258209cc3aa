package dev.weir.faults;

import java.net.URI;
import java.net.http.HttpResponse;
import java.util.function.Consumer;

import org.springframework.context.support.GenericApplicationContext;

import dev.weir.testing.LaneFigures;
import dev.weir.testing.RawBackend;
import dev.weir.testing.ReplyAssertions;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A separate Weir for a fault of one URL, with the backends {@code openai-a} at that URL
 * and {@code openai-b}, the spare, in a lower tier.
 *
 * @param weir the running Weir
 * @param spare the second backend, which serves
 */
record BackendWithSpare(WeirServer weir, RawBackend spare) implements AutoCloseable {

	static BackendWithSpare start(URI url, String... arguments) {
		return start((context) -> {
		}, url, arguments);
	}

	/**
	 * Starts Weir with further beans.
	 * @param beans registers them
	 * @param url the URL of the first backend
	 * @param arguments further command line arguments
	 * @return the running Weir
	 */
	static BackendWithSpare start(Consumer<GenericApplicationContext> beans, URI url, String... arguments) {
		RawBackend spare = RawBackend.start(Scripts.SERVES);
		return new BackendWithSpare(WeirServer.start(beans, WeirServer.pool("", WeirServer.backend("openai-a", url),
				WeirServer.backend("openai-b", spare.url(), "priority: 2")), arguments), spare);
	}

	HttpResponse<String> chat() {
		return this.weir.chat();
	}

	/**
	 * Asserts that the spare serves after one failed attempt, and serves again.
	 */
	void assertServedBySpare() {
		ReplyAssertions.assertServedBy(chat(), "openai-b", 2);
		LaneFigures.await(this.weir, "openai-a", LaneFigures.FAILED_ONCE);
		LaneFigures.await(this.weir, "openai-b", LaneFigures.SERVED_ONCE);
		assertThat(this.spare.requests()).hasSize(1);
		assertThat(chat().statusCode()).isEqualTo(200);
	}

	/**
	 * Asserts that the first backend has served all requests.
	 * @param requests the number of requests
	 */
	void assertSpareIsUnused(int requests) {
		LaneFigures.await(this.weir, "openai-a", new LaneFigures(0, requests, requests, 0, 0));
		assertThat(this.spare.requests()).isEmpty();
	}

	@Override
	public void close() {
		this.weir.close();
		this.spare.close();
	}

}
