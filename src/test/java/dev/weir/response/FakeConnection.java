package dev.weir.response;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.netty.ByteBufFlux;
import reactor.netty.Connection;
import reactor.netty.NettyInbound;

/**
 * A backend's connection without a network. It delivers buffers only on request.
 */
public final class FakeConnection implements Connection, NettyInbound {

	private final Channel channel = new EmbeddedChannel();

	private final Sinks.Many<ByteBuf> sent = Sinks.many().unicast().onBackpressureBuffer();

	private final AtomicLong asked = new AtomicLong();

	private boolean disposed;

	public void send(String text) {
		this.sent.emitNext(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8)),
				Sinks.EmitFailureHandler.FAIL_FAST);
	}

	public void end() {
		this.sent.emitComplete(Sinks.EmitFailureHandler.FAIL_FAST);
	}

	public void fail(Throwable error) {
		this.sent.emitError(error, Sinks.EmitFailureHandler.FAIL_FAST);
	}

	/**
	 * How many buffers were asked for.
	 * @return the sum of all that was requested
	 */
	public long asked() {
		return this.asked.get();
	}

	public boolean isGone() {
		return this.disposed;
	}

	@Override
	public Channel channel() {
		return this.channel;
	}

	@Override
	public NettyInbound inbound() {
		return this;
	}

	@Override
	public ByteBufFlux receive() {
		return ByteBufFlux.fromInbound(this.sent.asFlux().doOnRequest(this.asked::addAndGet), ByteBufAllocator.DEFAULT);
	}

	@Override
	public Flux<?> receiveObject() {
		return receive();
	}

	@Override
	public NettyInbound withConnection(Consumer<? super Connection> consumer) {
		consumer.accept(this);
		return this;
	}

	@Override
	public void dispose() {
		this.disposed = true;
	}

}
