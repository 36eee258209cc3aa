package dev.weir.request;

import java.security.cert.X509Certificate;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;

import dev.weir.openai.error.ApiErrorException;

/**
 * Finds out who calls. A request on a connection that stays open, such as a message of a
 * WebSocket, is judged anew.
 */
@FunctionalInterface
public interface Clients {

	/**
	 * The client that sends a request.
	 * @param headers the headers of the request, or of the handshake of its connection
	 * @param certificate the {@linkplain ClientCertificate certificate} of its
	 * connection, {@code null} if there is none
	 * @return the client, or {@code null} if no clients are configured
	 * @throws ApiErrorException with status 401 if the request has no valid key, token or
	 * certificate, with status 403 if it has a valid token of a caller that is no client
	 */
	@Nullable Client identify(HttpHeaders headers, @Nullable X509Certificate certificate);

}
