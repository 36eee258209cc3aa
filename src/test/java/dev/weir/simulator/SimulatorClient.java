package dev.weir.simulator;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An HTTP client of a simulated backend that sends a key.
 */
final class SimulatorClient {

	static final String HI = """
			{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}""";

	private final HttpClient http = HttpClient.newHttpClient();

	private final URI url;

	SimulatorClient(URI url) {
		this.url = url;
	}

	HttpResponse<String> post(String path, String json) {
		return send(request(path).header("content-type", "application/json").POST(BodyPublishers.ofString(json)));
	}

	HttpResponse<String> chat() {
		return post("/v1/chat/completions", HI);
	}

	/**
	 * Sends a request and returns the data of each event of the stream.
	 * @param path the path and query
	 * @param json the body of the request
	 * @return the data without {@code data: }
	 */
	List<String> stream(String path, String json) {
		HttpResponse<String> response = post(path, json);
		if (!response.headers().firstValue("content-type").orElse("").startsWith("text/event-stream")) {
			throw new IllegalStateException("not a stream: " + response.body());
		}
		return response.body()
			.lines()
			.filter((line) -> line.startsWith("data: "))
			.map((line) -> line.substring(6))
			.toList();
	}

	HttpRequest.Builder request(String path) {
		return HttpRequest.newBuilder(this.url.resolve(path)).timeout(Duration.ofSeconds(20)).header("api-key", "any");
	}

	HttpRequest.Builder anonymousRequest(String path) {
		return HttpRequest.newBuilder(this.url.resolve(path)).timeout(Duration.ofSeconds(20));
	}

	HttpResponse<String> send(HttpRequest.Builder request) {
		return send(request, BodyHandlers.ofString());
	}

	<T> HttpResponse<T> send(HttpRequest.Builder request, HttpResponse.BodyHandler<T> handler) {
		try {
			return this.http.send(request.build(), handler);
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	static JsonNode json(HttpResponse<String> response) {
		return json(response.body());
	}

	static JsonNode json(String json) {
		return JsonMapper.shared().readTree(json);
	}

}
