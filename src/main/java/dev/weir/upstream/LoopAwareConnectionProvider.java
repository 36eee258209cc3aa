package dev.weir.upstream;

import java.net.SocketAddress;
import java.util.function.Supplier;

import io.netty.resolver.AddressResolverGroup;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.ConnectionObserver;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.transport.TransportConfig;

/**
 * Chooses between two providers: one with a separate pool for each event loop, for
 * requests that stay on one event loop, and one for all other requests.
 *
 * @param all the provider for requests that may use any event loop
 * @param perLoop the provider with a separate pool for each event loop
 */
record LoopAwareConnectionProvider(ConnectionProvider all, ConnectionProvider perLoop) implements ConnectionProvider {

	@Override
	public Mono<? extends Connection> acquire(TransportConfig config, ConnectionObserver observer,
			@Nullable Supplier<? extends SocketAddress> remote, @Nullable AddressResolverGroup<?> resolver) {
		return ((config.loopResources() instanceof SingleLoopResources) ? this.perLoop : this.all).acquire(config,
				observer, remote, resolver);
	}

	@Override
	public void disposeWhen(SocketAddress address) {
		this.all.disposeWhen(address);
		this.perLoop.disposeWhen(address);
	}

	@Override
	public Mono<Void> disposeLater() {
		return this.all.disposeLater().and(this.perLoop.disposeLater());
	}

	@Override
	public boolean isDisposed() {
		return this.all.isDisposed() && this.perLoop.isDisposed();
	}

	@Override
	public int maxConnections() {
		return this.all.maxConnections();
	}

	@Override
	public @Nullable Builder mutate() {
		return this.all.mutate();
	}

}
