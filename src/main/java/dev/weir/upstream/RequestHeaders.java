package dev.weir.upstream;

import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

import io.netty.handler.codec.http.DefaultHttpHeaders;

import org.springframework.http.HttpHeaders;

import dev.weir.openai.call.ApiCall;

/**
 * Which of a client's headers a backend receives: an allow-list. Azure answers 431 to
 * more than ten headers of a client's own, and a client's credential, cookies and address
 * are no business of the backend's. Backends are asked for {@code identity}, since Weir
 * reads what they answer; without the header any coding would be right (RFC 9110, section
 * 12.5.3).
 */
public final class RequestHeaders {

	private static final List<String> FORWARDED = List.of(HttpHeaders.ACCEPT, HttpHeaders.CONTENT_TYPE,
			HttpHeaders.USER_AGENT, "idempotency-key", "openai-beta", "aoai-evals", "x-ms-client-request-id");

	private static final String OWN_USER_AGENT = "weir";

	private RequestHeaders() {
	}

	/**
	 * Picks the headers that go up.
	 * @param client the client's headers
	 * @param further names of further ones that the pool lets through
	 * @param deployments gives the backend's name of a model
	 * @return the headers of the backend's request, as the HTTP client takes them,
	 * without a credential
	 */
	public static io.netty.handler.codec.http.HttpHeaders from(HttpHeaders client, Set<String> further,
			UnaryOperator<String> deployments) {
		DefaultHttpHeaders headers = new DefaultHttpHeaders();
		for (String name : FORWARDED) {
			copy(client, headers, name);
		}
		for (String name : further) {
			copy(client, headers, name);
		}
		String image = client.getFirst(ApiCall.IMAGE_DEPLOYMENT);
		if (image != null) {
			headers.set(ApiCall.IMAGE_DEPLOYMENT, deployments.apply(image));
		}
		// bodies go up decoded
		headers.remove(HttpHeaders.CONTENT_ENCODING);
		if (!headers.contains(HttpHeaders.ACCEPT_ENCODING)) {
			headers.set(HttpHeaders.ACCEPT_ENCODING, "identity");
		}
		if (!headers.contains(HttpHeaders.USER_AGENT)) {
			headers.set(HttpHeaders.USER_AGENT, OWN_USER_AGENT);
		}
		return headers;
	}

	private static void copy(HttpHeaders from, DefaultHttpHeaders to, String name) {
		List<String> values = from.get(name);
		if (values != null) {
			// one line each, however many the client sent: Azure counts them
			to.set(name, (values.size() == 1) ? values.get(0) : String.join(", ", values));
		}
	}

}
