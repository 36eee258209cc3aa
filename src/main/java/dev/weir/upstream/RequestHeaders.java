package dev.weir.upstream;

import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

import io.netty.handler.codec.http.DefaultHttpHeaders;

import org.springframework.http.HttpHeaders;

import dev.weir.openai.call.ApiCall;

/**
 * The allow-list of request headers that a backend receives. Azure responds with 431 to
 * more than ten custom headers, and a backend must not see a client's credential, cookies
 * or address. Weir requests {@code identity}, since it reads the responses; without
 * {@code Accept-Encoding} a backend could use any coding (RFC 9110, section 12.5.3).
 */
public final class RequestHeaders {

	private static final List<String> FORWARDED = List.of(HttpHeaders.ACCEPT, HttpHeaders.CONTENT_TYPE,
			HttpHeaders.USER_AGENT, "idempotency-key", "openai-beta", "aoai-evals", "x-ms-client-request-id");

	private static final String OWN_USER_AGENT = "weir";

	private RequestHeaders() {
	}

	/**
	 * Selects the headers for a backend.
	 * @param client the client's headers
	 * @param further names of further headers that the pool forwards
	 * @param deployments maps a model to the name of its deployment on the backend
	 * @return the headers of the request to the backend, without a credential
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
		// Weir has decoded the body
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
			// joined to one line for each name, since Azure counts lines
			to.set(name, (values.size() == 1) ? values.get(0) : String.join(", ", values));
		}
	}

}
