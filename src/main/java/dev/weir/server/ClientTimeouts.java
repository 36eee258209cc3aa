package dev.weir.server;

import java.time.Duration;

/**
 * How long a client may take.
 *
 * @param head for the head of a request
 * @param body without sending anything of a body
 * @param reply without reading anything of a reply
 */
record ClientTimeouts(Duration head, Duration body, Duration reply) {
}
