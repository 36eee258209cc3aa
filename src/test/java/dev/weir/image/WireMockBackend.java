package dev.weir.image;

import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.client.WireMock;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;

import dev.weir.testing.Bodies;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;

/**
 * A backend in a separate container; tests set its responses over its mapped port.
 */
final class WireMockBackend extends GenericContainer<WireMockBackend> {

	private final String name;

	WireMockBackend(String name, Network network) {
		super("wiremock/wiremock:3.13.2");
		this.name = name;
		withNetwork(network);
		withNetworkAliases(name);
		withExposedPorts(8080);
		waitingFor(Wait.forHttp("/__admin/mappings").forPort(8080));
	}

	/**
	 * Writes this backend as an entry of an application.yml.
	 * @param priority its tier
	 * @return the YAML, in flow style
	 */
	String yaml(int priority) {
		return "{name: %s, url: 'http://%1$s:8080', api-key: key-of-%1$s, dialect: azure, priority: %d}"
			.formatted(this.name, priority);
	}

	WireMock client() {
		return new WireMock(getHost(), getMappedPort(8080));
	}

	/**
	 * Clears the recorded requests and sets the response to all further ones.
	 * @param response the response
	 */
	void respondWith(ResponseDefinitionBuilder response) {
		client().resetToDefaultMappings();
		client().resetRequests();
		client().register(any(anyUrl()).willReturn(response));
	}

	static ResponseDefinitionBuilder completion() {
		return aResponse().withHeader("content-type", "application/json").withBody(Bodies.COMPLETION);
	}

	static ResponseDefinitionBuilder throttled() {
		return aResponse().withStatus(429)
			.withHeader("content-type", "application/json")
			.withHeader("retry-after", "30")
			.withBody(Bodies.AZURE_THROTTLED);
	}

	/**
	 * A stream of events over some time.
	 * @param events how many, besides the last
	 * @param millis how long it takes from the first to the last
	 * @return the response
	 */
	static ResponseDefinitionBuilder stream(int events, int millis) {
		String event = "data: {\"choices\":[{\"delta\":{\"content\":\"word\"}}]}\n\n";
		return aResponse().withHeader("content-type", "text/event-stream")
			.withBody(event.repeat(events)
					+ "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
			.withChunkedDribbleDelay(events + 1, millis);
	}

}
