package dev.weir.server;

import java.time.Duration;

import dev.weir.config.WeirProperties;

/**
 * How long a client may take.
 *
 * @param head for the head of a request
 * @param body without sending anything of a body
 * @param reply without reading anything of a reply
 */
record ClientTimeouts(Duration head, Duration body, Duration reply) {

	static ClientTimeouts of(WeirProperties settings) {
		return new ClientTimeouts(settings.headerTimeout(), settings.bodyTimeout(), settings.clientIdleTimeout());
	}

}
