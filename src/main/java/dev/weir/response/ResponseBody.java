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
 * The body of a backend's response. One reader after the other may have it: the first
 * looks at how the response begins, the next relays it to the client. Nothing is read
 * that was not asked for, so a slow client holds its backend back. Used on the loop of
 * the request only; bytes from a connection of another event loop take one hop.
 */
public final class ResponseBody implements Disposable {

	private final Connection connection;

	private final RequestLoop loop;

	private final @Nullable BodyDecoder decoder;

	private final Source source = new Source();

	// what has come between two readers: at most one buffer and the end
	private final Queue<byte[]> unread = new ArrayDeque<>(1);

	private @Nullable BodyReader reader;

	// a connection of another event loop is subscribed to with a delay
	private boolean subscribed;

	private boolean wanted;

	private boolean requested;

	// the connection has nothing more, but what came may not be decoded yet
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
	 * @param connection the connection, which is read to its end or disposed of from now
	 * on
	 * @param loop the loop of the request
	 * @param decoder decodes the body, or {@code null} to leave it as it comes
	 * @return the body
	 */
	public static ResponseBody of(Connection connection, RequestLoop loop, @Nullable BodyDecoder decoder) {
		ResponseBody body = new ResponseBody(connection, loop, decoder);
		// copied, so that no buffer has to be released wherever the client leaves
		connection.inbound().receive().asByteArray().subscribe(body.source);
		return body;
	}

	/**
	 * Gives the body to a reader, from where the last one left it.
	 * @param next the reader
	 */
	public void read(BodyReader next) {
		this.reader = next;
		run();
	}

	/** Asks for more; without effect while the bytes that were asked for last are due. */
	public void more() {
		this.wanted = true;
		run();
	}

	/** Takes the body away from its reader. Bytes that come are kept for the next. */
	public void release() {
		this.reader = null;
	}

	/** Closes the connection, unless the body was read to its end. */
	@Override
	public void dispose() {
		this.reader = null;
		if (!this.ended) {
			this.ended = true;
			// with nothing more to come, another request may have it
			if (!this.received) {
				this.connection.dispose();
			}
		}
		if (this.decoder != null) {
			this.decoder.close();
		}
	}

	/**
	 * Calls the reader as often as there is something for it. A reader that asks for more
	 * inside a call is called again here, after that call has returned.
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
	 * @return whether there are some, or the end
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

	private void decode(BodyDecoder coded) {
		try {
			byte[] bytes = coded.next();
			if (bytes != null) {
				this.unread.add(bytes);
			}
			else if (this.received) {
				boolean cut = this.error == null && !coded.mayEnd();
				end(cut ? new IOException("The coded body ends too early") : this.error);
			}
		}
		catch (RuntimeException ex) {
			if (!this.received) {
				this.connection.dispose();
			}
			end(ex);
		}
	}

	private void onSubscribed() {
		this.subscribed = true;
		if (this.requested) {
			this.source.request(1);
		}
	}

	private void onReceived(byte[] bytes) {
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
			// the end is no news to wait for
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

	/** Receives what the connection brings, on the connection's event loop. */
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
