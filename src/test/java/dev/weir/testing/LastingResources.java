package dev.weir.testing;

import org.springframework.http.client.ReactorResourceFactory;

/**
 * Reactor Netty's shared event loops, as an application has them, but left running when
 * one application stops: tests run several in one process.
 */
final class LastingResources extends ReactorResourceFactory {

	@Override
	public void stop() {
		// the others still need them
	}

	@Override
	public boolean isRunning() {
		return false;
	}

}
