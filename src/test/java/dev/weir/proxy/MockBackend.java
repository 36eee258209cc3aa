package dev.weir.proxy;

import java.net.URI;
import java.util.List;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;

import dev.weir.testing.Bodies;

import static com.github.tomakehurst.wiremock.core.WireMockConfiguration.options;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * A backend that gives one answer to everything and keeps what it got.
 */
final class MockBackend implements AutoCloseable {

	private final WireMockServer server = new WireMockServer(
			options().dynamicPort().bindAddress("127.0.0.1").templatingEnabled(false));

	private MockBackend() {
		this.server.start();
		serves();
	}

	static MockBackend start() {
		return new MockBackend();
	}

	URI url() {
		return URI.create(this.server.baseUrl().replace("localhost", "127.0.0.1"));
	}

	String authority() {
		return url().getAuthority();
	}

	/** Forgets what came before and answers with a chat completion. */
	void serves() {
		answers(WireMock.okJson(Bodies.COMPLETION));
	}

	/**
	 * Forgets what came before and answers from now on like this.
	 * @param answer the answer
	 */
	void answers(ResponseDefinitionBuilder answer) {
		this.server.resetAll();
		this.server.stubFor(WireMock.any(WireMock.anyUrl()).willReturn(answer));
	}

	List<LoggedRequest> calls() {
		return this.server.findAll(WireMock.anyRequestedFor(WireMock.anyUrl()));
	}

	LoggedRequest onlyCall() {
		List<LoggedRequest> calls = calls();
		assertThat(calls).hasSize(1);
		return calls.get(0);
	}

	@Override
	public void close() {
		this.server.stop();
	}

}
