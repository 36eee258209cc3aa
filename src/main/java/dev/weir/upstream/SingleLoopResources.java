package dev.weir.upstream;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import reactor.netty.resources.LoopResources;

/**
 * Has connections opened on one event loop.
 *
 * @param loop the event loop, which belongs to somebody else and is not ended here
 */
record SingleLoopResources(EventLoop loop) implements LoopResources {

	@Override
	public EventLoopGroup onServer(boolean useNative) {
		return this.loop;
	}

}
