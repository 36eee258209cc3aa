package dev.weir.response;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.netty.Connection;

import dev.weir.memory.OutOfMemory;
import dev.weir.request.RequestLoop;

/**
 * The body of a backend's response. It has one reader at a time: the first one checks the
 * beginning, the next one relays it to the client. Bytes are read only on request, so a
 * slow client slows down its backend. Used on the loop of the request only; bytes of a
 * connection on another event loop take one hop.
 */
public final class ResponseBody implements Disposable {

	private final Connection connection;

	private final RequestLoop loop;

	private final @Nullable BodyDecoder decoder;

	private final Source source = new Source();

	// bytes that arrived between two readers: at most one buffer and the end
	private final Queue<byte[]> unread = new ArrayDeque<>(1);

	private @Nullable BodyReader reader;

	// a connection on another event loop is subscribed to asynchronously
	private boolean subscribed;

	private boolean wanted;

	private boolean requested;

	// the connection has no more bytes, but received bytes may not be decoded yet
	private boolean received;

	private boolean ended;

	private @Nullable Throwable error;

	private boolean running;

	private ResponseBody(Connection connection, RequestLoop loop, @Nullable BodyDecoder decoder) {
		this.connection = connection;
		this.loop = loop;
		this.decoder = decoder;
	}

	/**
	 * Takes over the body of a response.
	 * @param connection the connection; the body reads it to its end or disposes of it
	 * @param loop the loop of the request
	 * @param decoder decodes the body, or {@code null} to leave it unchanged
	 * @return the body
	 */
	public static ResponseBody of(Connection connection, RequestLoop loop, @Nullable BodyDecoder decoder) {
		ResponseBody body = new ResponseBody(connection, loop, decoder);
		// copied, so that no buffer has to be released when the client leaves
		connection.inbound().receive().asByteArray().subscribe(body.source);
		return body;
	}

	/**
	 * Gives the body to a reader, which continues where the last one stopped.
	 * @param next the reader
	 */
	public void read(BodyReader next) {
		this.reader = next;
		run();
	}

	/** Requests more bytes; no effect while a request is pending. */
	public void more() {
		this.wanted = true;
		run();
	}

	/** Detaches the reader. Bytes that arrive are kept for the next one. */
	public void release() {
		this.reader = null;
	}

	/** Closes the connection, unless the body was read to its end. */
	@Override
	public void dispose() {
		this.reader = null;
		if (!this.ended) {
			this.ended = true;
			// a connection without unread bytes can be reused
			if (!this.received) {
				ResponseConnection.close(this.connection, this.source::requestUnbounded);
			}
		}
		if (this.decoder != null) {
			this.decoder.close();
		}
	}

	/**
	 * Calls the reader until nothing is left for it. A reader that requests more bytes
	 * during a call is called again here, after that call has returned.
	 */
	private void run() {
		if (this.running) {
			return;
		}
		this.running = true;
		try {
			while (step()) {
				// until nothing is left to do
			}
		}
		finally {
			this.running = false;
		}
	}

	private boolean step() {
		BodyReader current = this.reader;
		byte[] bytes = (current != null) ? this.unread.poll() : null;
		if (current != null && bytes != null) {
			this.wanted = false;
			current.onBytes(bytes);
			return true;
		}
		if (this.ended) {
			if (current == null) {
				return false;
			}
			this.reader = null;
			current.onEnd(this.error);
			return true;
		}
		return this.wanted && this.unread.isEmpty() && advance();
	}

	/**
	 * Gets more bytes.
	 * @return whether there are bytes or the end
	 */
	private boolean advance() {
		if (this.decoder != null && (this.received || this.decoder.hasInput())) {
			decode(this.decoder);
			return true;
		}
		if (!this.requested) {
			this.requested = true;
			if (this.subscribed) {
				this.source.request(1);
			}
		}
		return !this.requested;
	}

	private void decode(BodyDecoder encoded) {
		try {
			byte[] bytes = encoded.next();
			if (bytes != null) {
				this.unread.add(bytes);
			}
			else if (this.received) {
				boolean cut = this.error == null && !encoded.mayEnd();
				end(cut ? new IOException("The encoded body is truncated") : this.error);
			}
		}
		catch (RuntimeException ex) {
			boolean open = !this.received;
			end(ex);
			if (open) {
				ResponseConnection.close(this.connection, this.source::requestUnbounded);
			}
		}
	}

	private void onSubscribed() {
		this.subscribed = true;
		if (this.ended) {
			this.source.requestUnbounded();
		}
		else if (this.requested) {
			this.source.request(1);
		}
	}

	private void onReceived(byte[] bytes) {
		if (this.ended) {
			// the remainder of a body that was disposed of
			return;
		}
		this.requested = false;
		if (bytes.length > 0 && this.decoder != null) {
			this.decoder.add(bytes);
		}
		else if (bytes.length > 0) {
			this.unread.add(bytes);
		}
		run();
	}

	private void onReceivedAll(@Nullable Throwable cause) {
		this.received = true;
		this.error = cause;
		if (this.decoder == null) {
			end(cause);
		}
		else if (this.reader != null && !this.decoder.hasInput()) {
			// the end is delivered without a request for bytes
			this.wanted = true;
		}
		run();
	}

	private void end(@Nullable Throwable cause) {
		if (!this.ended) {
			this.ended = true;
			this.error = cause;
			if (this.decoder != null) {
				this.decoder.close();
			}
		}
	}

	/** Receives the bytes of the connection, on the connection's event loop. */
	private final class Source extends BaseSubscriber<byte[]> {

		@Override
		protected void hookOnSubscribe(Subscription subscription) {
			ResponseBody.this.loop.execute(ResponseBody.this::onSubscribed);
		}

		@Override
		protected void hookOnNext(byte[] bytes) {
			ResponseBody.this.loop.execute(() -> onReceived(bytes));
		}

		@Override
		protected void hookOnComplete() {
			ResponseBody.this.loop.execute(() -> onReceivedAll(null));
		}

		@Override
		protected void hookOnError(Throwable cause) {
			OutOfMemory.check(cause);
			ResponseBody.this.loop.execute(() -> onReceivedAll(cause));
		}

	}

}
