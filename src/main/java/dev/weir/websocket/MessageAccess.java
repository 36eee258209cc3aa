package dev.weir.websocket;

import java.security.cert.X509Certificate;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;

import dev.weir.openai.call.ApiCall;
import dev.weir.request.Client;
import dev.weir.request.ClientAccess;
import dev.weir.request.ClientLimits;
import dev.weir.request.Clients;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;

/**
 * Whether a message of a WebSocket is allowed: it is judged like a request of its own.
 *
 * @param clients identifies clients
 * @param limits the limits of clients
 */
record MessageAccess(Clients clients, ClientLimits limits) {

	/**
	 * Identifies the client of a message.
	 * @param handshake the headers of the handshake
	 * @param certificate the certificate of its connection, {@code null} if there is none
	 * @param pool the name of the pool
	 * @param call the message
	 * @return the client, or {@code null} if no clients are configured
	 * @throws dev.weir.openai.error.ApiErrorException if it may not use the pool or the
	 * model any more
	 */
	@Nullable Client identify(HttpHeaders handshake, @Nullable X509Certificate certificate, String pool, ApiCall call) {
		Client client = this.clients.identify(handshake, certificate);
		ClientAccess.check(client, pool, call, false);
		return client;
	}

	/**
	 * Reserves what a message may use of the limits of its client.
	 * @param context the request of the message
	 * @throws dev.weir.openai.error.ApiErrorException if it exceeds one
	 */
	void reserve(RequestContext context) {
		Reservation reservation = this.limits.reserve(context);
		if (reservation != null) {
			context.holdReservation(reservation);
		}
	}

}
