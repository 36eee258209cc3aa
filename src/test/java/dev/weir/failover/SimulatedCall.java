package dev.weir.failover;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.ByteBufFlux;
import reactor.netty.Connection;
import reactor.netty.NettyInbound;

import dev.weir.request.RequestLoop;
import dev.weir.response.BackendResponse;
import dev.weir.testing.VirtualTime;

/**
 * One call on the side of its backend: runs the script, and records how it was read.
 */
final class SimulatedCall implements Connection, NettyInbound {

	private final SimulatedClient client;

	private final int backend;

	private final Script script;

	private final VirtualTime time;

	private final Observer observer;

	private final long begunAt;

	private final Sinks.Many<ByteBuf> body = Sinks.many().unicast().onBackpressureBuffer();

	private final Disposable.Swap next = Disposables.swap();

	private long headAt = -1;

	private long closedAt = -1;

	private @Nullable Closing closing;

	private int read;

	private long lastReadAt = -1;

	SimulatedCall(SimulatedClient client, int backend, Script script, VirtualTime time, Observer observer) {
		this.client = client;
		this.backend = backend;
		this.script = script;
		this.time = time;
		this.observer = observer;
		this.begunAt = time.now();
	}

	SimulatedClient client() {
		return this.client;
	}

	int backend() {
		return this.backend;
	}

	Script script() {
		return this.script;
	}

	long begunAt() {
		return this.begunAt;
	}

	/** When the response headers arrived, or -1. */
	long headAt() {
		return this.headAt;
	}

	/** When the connection was closed, or -1. */
	long closedAt() {
		return this.closedAt;
	}

	@Nullable Closing closing() {
		return this.closing;
	}

	/** How many bytes of the body were read. */
	int read() {
		return this.read;
	}

	/** When a part of the body was last read, or -1. */
	long lastReadAt() {
		return this.lastReadAt;
	}

	/**
	 * Returns the response when its head has arrived.
	 * @param loop the loop of the request
	 * @return the response
	 */
	Mono<BackendResponse> response(RequestLoop loop) {
		return Mono.create((sink) -> {
			sink.onCancel(() -> close(Closing.LEFT_BEFORE_HEAD));
			if (this.script.silent()) {
				return;
			}
			this.next.update(this.time.after(this.script.headAfter(), () -> {
				Throwable failure = this.script.failure();
				if (failure != null) {
					close(Closing.FAILED);
					sink.error(failure);
				}
				else {
					this.headAt = this.time.now();
					play(0);
					sink.success(head(loop));
				}
			}));
		});
	}

	private BackendResponse head(RequestLoop loop) {
		HttpHeaders received = new DefaultHttpHeaders();
		org.springframework.http.HttpHeaders passed = new org.springframework.http.HttpHeaders();
		this.script.headers().forEach(received::set);
		this.script.headers().forEach(passed::set);
		return new BackendResponse(this.script.status(), received, passed, this, loop);
	}

	private void play(int index) {
		List<Script.Piece> pieces = this.script.pieces();
		if (index < pieces.size()) {
			Script.Piece piece = pieces.get(index);
			this.next.update(this.time.after(piece.after(), () -> {
				this.body.tryEmitNext(Unpooled.wrappedBuffer(piece.bytes()));
				play(index + 1);
			}));
		}
		else if (this.script.ending() != Script.Ending.HANG) {
			this.next.update(this.time.after(this.script.endAfter(), this::end));
		}
	}

	private void end() {
		if (this.script.ending() == Script.Ending.WHOLE) {
			this.body.tryEmitComplete();
		}
		else {
			this.body.tryEmitError(new IOException("Connection prematurely closed DURING response"));
		}
	}

	private void close(Closing how) {
		if (this.closing == null) {
			this.closing = how;
			this.closedAt = this.time.now();
			this.next.dispose();
			this.observer.closed(this);
		}
	}

	@Override
	public void dispose() {
		boolean first = this.closing == null;
		close(Closing.DISPOSED);
		if (first && this.read % 2 == 0) {
			// only some connections notify their reader
			this.body.tryEmitError(new IOException("Connection has been closed BEFORE response"));
		}
	}

	@Override
	public boolean isDisposed() {
		return this.closing != null;
	}

	@Override
	public NettyInbound inbound() {
		return this;
	}

	@Override
	public ByteBufFlux receive() {
		return ByteBufFlux.fromInbound(this.body.asFlux().doOnNext((buffer) -> {
			this.read += buffer.readableBytes();
			this.lastReadAt = this.time.now();
		}).doOnComplete(() -> close(Closing.READ)).doOnError((ex) -> close(Closing.BROKEN)));
	}

	@Override
	public Flux<?> receiveObject() {
		return receive();
	}

	@Override
	public NettyInbound withConnection(Consumer<? super Connection> withConnection) {
		withConnection.accept(this);
		return this;
	}

	@Override
	public Channel channel() {
		throw new UnsupportedOperationException();
	}

	@Override
	public String toString() {
		return "call to b" + this.backend + " for " + this.client + " begun " + ms(this.begunAt) + " head "
				+ ms(this.headAt) + " closed " + ms(this.closedAt) + " " + this.closing + " read " + this.read + " "
				+ this.script.status() + " " + this.script.meaning() + " " + this.script.ending() + " "
				+ this.script.headers() + " pieces "
				+ this.script.pieces().stream().map((it) -> ms(it.after())).toList();
	}

	static String ms(long nanos) {
		return String.valueOf(nanos / 1e6);
	}

	/** How a call ended, as its backend sees it. */
	enum Closing {

		/** The whole response was read. */
		READ,

		/** The response broke off, and the reader was notified. */
		BROKEN,

		/** The caller closed the connection. */
		DISPOSED,

		/** There was no response, and the caller was notified. */
		FAILED,

		/** The caller left before there was a response. */
		LEFT_BEFORE_HEAD

	}

}
