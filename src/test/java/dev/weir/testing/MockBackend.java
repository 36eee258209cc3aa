package dev.weir.testing;

import java.net.URI;
import java.util.List;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;

import static com.github.tomakehurst.wiremock.core.WireMockConfiguration.options;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * A backend, made of WireMock, that gives the same response to all requests and records
 * them parsed: for tests of the path, headers and body that a backend gets.
 */
public final class MockBackend implements AutoCloseable {

	private final WireMockServer server = new WireMockServer(
			options().dynamicPort().bindAddress("127.0.0.1").templatingEnabled(false));

	private MockBackend() {
		this.server.start();
		serves();
	}

	public static MockBackend start() {
		return new MockBackend();
	}

	public URI url() {
		return URI.create(this.server.baseUrl().replace("localhost", "127.0.0.1"));
	}

	public String authority() {
		return url().getAuthority();
	}

	/** Clears the recorded requests and responds with a chat completion from now on. */
	public void serves() {
		respondsWith(WireMock.okJson(Bodies.COMPLETION));
	}

	/**
	 * Clears the recorded requests and sets the response.
	 * @param response the response
	 */
	public void respondsWith(ResponseDefinitionBuilder response) {
		this.server.resetAll();
		this.server.stubFor(WireMock.any(WireMock.anyUrl()).willReturn(response));
	}

	public List<LoggedRequest> calls() {
		return this.server.findAll(WireMock.anyRequestedFor(WireMock.anyUrl()));
	}

	public LoggedRequest onlyCall() {
		List<LoggedRequest> calls = calls();
		assertThat(calls).hasSize(1);
		return calls.get(0);
	}

	@Override
	public void close() {
		this.server.stop();
	}

}
