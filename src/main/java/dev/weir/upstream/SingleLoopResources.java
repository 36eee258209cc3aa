package dev.weir.upstream;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import reactor.netty.resources.LoopResources;

/**
 * Opens all connections of a client on one event loop.
 *
 * @param loop the event loop, which belongs to the server and is not shut down here
 */
record SingleLoopResources(EventLoop loop) implements LoopResources {

	@Override
	public EventLoopGroup onServer(boolean useNative) {
		return this.loop;
	}

}
