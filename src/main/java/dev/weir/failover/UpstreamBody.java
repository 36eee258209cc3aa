package dev.weir.failover;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.netty.Connection;

import dev.weir.memory.OutOfMemory;

/**
 * The body of a backend's response. One reader after the other may have it: the first
 * looks at how the answer begins, the next brings it to the client. Nothing is read that
 * was not asked for, so a slow client holds its backend back.
 */
final class UpstreamBody {

	/** The exchange attribute that holds the body of the last attempt. */
	static final String ATTRIBUTE = UpstreamBody.class.getName();

	private final Connection connection;

	private final SerialExecutor turn;

	private final Source source = new Source();

	// what comes between two readers: at most one buffer and the end
	private final Queue<byte[]> unread = new ArrayDeque<>(1);

	private @Nullable BodyReader reader;

	private boolean asked;

	private boolean ended;

	private @Nullable Throwable error;

	private final @Nullable BodyDecoder decoder;

	// the connection has nothing more, but what came may not be decoded yet
	private boolean received;

	private UpstreamBody(Connection connection, SerialExecutor turn, @Nullable BodyDecoder decoder) {
		this.connection = connection;
		this.turn = turn;
		this.decoder = decoder;
	}

	/**
	 * Takes over a response's body.
	 * @param connection the connection, which must be read to its end or disposed of
	 * @param turn what the readers are called by
	 * @return the body
	 */
	static UpstreamBody of(Connection connection, SerialExecutor turn) {
		return of(connection, turn, null);
	}

	/**
	 * Takes over a response's body that may be coded.
	 * @param connection the connection, which must be read to its end or disposed of
	 * @param turn what the readers are called by
	 * @param decoder decodes the body, or {@code null} to leave it as it comes
	 * @return the body
	 */
	static UpstreamBody of(Connection connection, SerialExecutor turn, @Nullable BodyDecoder decoder) {
		UpstreamBody body = new UpstreamBody(connection, turn, decoder);
		// copied: what is left anywhere when somebody leaves is the garbage collector's
		connection.inbound().receive().asByteArray().subscribe(body.source);
		return body;
	}

	/**
	 * Gives the body to a reader, from where the last one left it.
	 * @param next the reader
	 */
	void read(BodyReader next) {
		this.turn.execute(() -> {
			this.reader = next;
			tell();
		});
	}

	/** Asks for more; without effect while an answer to the last time is due. */
	void more() {
		this.turn.execute(() -> {
			if (!this.asked && !this.ended && this.unread.isEmpty()) {
				request();
			}
			else {
				tell();
			}
		});
	}

	/** Takes the body away from its reader. What comes is kept for the next. */
	void release() {
		this.reader = null;
	}

	/** Closes the connection, unless the body was read to its end. */
	void dispose() {
		this.turn.execute(() -> {
			this.reader = null;
			if (!this.ended) {
				this.ended = true;
				// once it has nothing more it is another request's
				if (!this.received) {
					this.connection.dispose();
				}
			}
			if (this.decoder != null) {
				this.decoder.close();
			}
		});
	}

	private void tell() {
		while (this.reader != null && !this.unread.isEmpty()) {
			this.reader.bytes(this.unread.remove());
		}
		if (this.reader != null && this.ended) {
			BodyReader last = this.reader;
			this.reader = null;
			last.end(this.error);
		}
	}

	private void request() {
		if (this.decoder != null && (this.received || this.decoder.hasInput())) {
			decode(this.decoder);
		}
		else {
			this.asked = true;
			this.source.request(1);
		}
	}

	private void decode(BodyDecoder coded) {
		byte[] bytes;
		try {
			bytes = coded.next();
		}
		catch (RuntimeException ex) {
			if (!this.received) {
				this.connection.dispose();
			}
			end(ex);
			return;
		}
		if (bytes != null) {
			this.unread.add(bytes);
			tell();
		}
		else if (!this.received) {
			request();
		}
		else if (this.error == null && !coded.mayEnd()) {
			end(new IOException("The coded body ends too early"));
		}
		else {
			end(this.error);
		}
	}

	private void arrived(byte[] bytes) {
		this.asked = false;
		if (bytes.length == 0) {
			more();
			return;
		}
		if (this.decoder != null) {
			this.decoder.add(bytes);
			decode(this.decoder);
			return;
		}
		this.unread.add(bytes);
		tell();
	}

	private void ended(@Nullable Throwable cause) {
		this.received = true;
		if (this.decoder == null || this.ended) {
			end(cause);
			return;
		}
		this.error = cause;
		// else once the reader asks for more
		if (this.unread.isEmpty() && !this.decoder.hasInput()) {
			decode(this.decoder);
		}
	}

	private void end(@Nullable Throwable cause) {
		if (!this.ended) {
			this.ended = true;
			this.error = cause;
			if (this.decoder != null) {
				this.decoder.close();
			}
			tell();
		}
	}

	/** Listens to the connection. */
	private final class Source extends BaseSubscriber<byte[]> {

		@Override
		protected void hookOnSubscribe(Subscription subscription) {
			// whoever reads asks
		}

		@Override
		protected void hookOnNext(byte[] bytes) {
			UpstreamBody.this.turn.execute(() -> arrived(bytes));
		}

		@Override
		protected void hookOnComplete() {
			UpstreamBody.this.turn.execute(() -> ended(null));
		}

		@Override
		protected void hookOnError(Throwable cause) {
			OutOfMemory.check(cause);
			UpstreamBody.this.turn.execute(() -> ended(cause));
		}

	}

}
