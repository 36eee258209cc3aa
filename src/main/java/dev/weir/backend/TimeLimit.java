package dev.weir.backend;

import java.time.Duration;

import dev.weir.config.PoolProperties;

/**
 * A time limit of a pool, with the property that sets it.
 *
 * @param property the name of the property within the pool
 * @param duration the limit
 */
public record TimeLimit(String property, Duration duration) {

	public static TimeLimit firstEvent(PoolProperties settings) {
		return new TimeLimit("first-event-timeout", settings.firstEventTimeout());
	}

	public static TimeLimit response(PoolProperties settings) {
		return new TimeLimit("response-timeout", settings.responseTimeout());
	}

	public static TimeLimit handshake(PoolProperties settings) {
		return new TimeLimit("handshake-timeout", settings.handshakeTimeout());
	}

	public static TimeLimit streamIdle(PoolProperties settings) {
		return new TimeLimit("stream-idle-timeout", settings.streamIdleTimeout());
	}

	public static TimeLimit deadline(PoolProperties settings) {
		return new TimeLimit("deadline", settings.deadline());
	}

}
