package dev.weir.reply;

import java.util.Map;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.openai.stream.Usage;
import dev.weir.openai.stream.UsageReader;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;
import dev.weir.response.BodyDecoder;
import dev.weir.response.ErrorResponse;
import dev.weir.response.ResponseBody;
import dev.weir.response.ResponseStart;

/**
 * Turns the result of a request into its reply: writes the head and creates the body. If
 * the head was sent before there was a result, it creates the remainder of the body.
 */
public final class ReplyFactory {

	private final RequestContext context;

	private final Supplier<Mono<RequestResult>> again;

	private final ReplyHead head;

	private final @Nullable ObjectRecorder objects;

	/**
	 * Creates the factory of a request.
	 * @param context the request
	 * @param again makes further attempts to resume a stream; empty if none is possible
	 * @param client the response that the client gets
	 */
	public ReplyFactory(RequestContext context, Supplier<Mono<RequestResult>> again, ServerHttpResponse client) {
		this.context = context;
		this.again = again;
		this.head = new ReplyHead(client, context);
		this.objects = ObjectRecorder.of(context.call());
	}

	/**
	 * Creates the reply to a request.
	 * @param result the result of the request
	 * @return the reply, of which the head is written
	 */
	public Reply of(RequestResult result) {
		Reply reply = result.match(this::relay, this::refuse, this::exhausted, ReplyFactory::notHttp);
		// the usage of a whole response is charged by now
		this.head.writeLimits();
		return reply;
	}

	/**
	 * Whether a reply has begun that is not of this factory.
	 * @return whether the client's response is committed
	 */
	boolean isClientCommitted() {
		return this.head.isCommitted();
	}

	/** Writes the head of a stream before there is a result. */
	void beginEarly() {
		this.head.beginEarly();
	}

	/**
	 * Creates the remainder of a reply whose head is that of a stream and has been sent.
	 * @param result the result of the request
	 * @return the relay of the stream, or {@code null} if the result is not a stream
	 */
	@Nullable Relay afterHead(RequestResult result) {
		return result.<@Nullable Relay>match(
				(relayed) -> (relayed.start() instanceof ResponseStart.Events) ? start(relayed) : null,
				(refused) -> null, (exhausted) -> null, (connected) -> null);
	}

	private static Reply notHttp(RequestResult.Connected connected) {
		throw new IllegalStateException("A WebSocket has no reply in HTTP");
	}

	private Reply relay(RequestResult.Relayed relayed) {
		this.head.begin(relayed);
		if (relayed.start() instanceof ResponseStart.Bytes bytes && bytes.whole()) {
			recordStart(relayed);
			return whole(relayed, bytes.first());
		}
		return start(relayed);
	}

	private Relay start(RequestResult.Relayed relayed) {
		Relay relay = relayed.start()
			.<Relay>match((events) -> new EventRelay(this.context, relayed, events, resume(), recorder(relayed)),
					(bytes) -> new ByteRelay(this.context, relayed.attempt(), relayed.outcome(), bytes, format(),
							isJson() ? recorder(relayed) : null));
		recordStart(relayed);
		return relay;
	}

	/** Only a success names objects that exist. */
	private @Nullable ObjectRecorder recorder(RequestResult.Relayed relayed) {
		return relayed.outcome().type().isSuccess() ? this.objects : null;
	}

	private void recordStart(RequestResult.Relayed relayed) {
		relayed.recordStart(this.context);
		if (!this.context.pool().properties().resume()) {
			// without resume, the request's body is not needed during a long stream
			this.context.releaseBody();
		}
	}

	private @Nullable Resume resume() {
		return this.context.pool().properties().resume() ? Resume.of(this.context.call(), this.again) : null;
	}

	/**
	 * A response that has arrived completely ends the attempt, even if the client leaves.
	 */
	private Reply whole(RequestResult.Relayed relayed, byte[] body) {
		if (isJson()) {
			UsageReader reader = new UsageReader();
			reader.add(body);
			ObjectRecorder recorder = recorder(relayed);
			if (recorder != null) {
				recorder.onBytes(body, relayed.attempt());
			}
			Usage usage = reader.usage();
			if (usage != null) {
				relayed.attempt().recordUsage(usage);
			}
		}
		relayed.attempt().end(relayed.outcome());
		return new WholeReply(body);
	}

	/** Relays an error unchanged. */
	private Reply refuse(RequestResult.Refused refused) {
		ErrorResponse error = refused.error();
		this.head.error(refused.attempt().lane(), error, Map.of());
		ResponseBody rest = error.rest();
		if (rest == null) {
			refused.attempt().end(refused.outcome());
			return new WholeReply(error.body());
		}
		return new ByteRelay(this.context, refused.attempt(), refused.outcome(),
				new ResponseStart.Bytes(rest, error.body(), false), format(), null);
	}

	private Reply exhausted(RequestResult.Exhausted exhausted) {
		ErrorResponse best = exhausted.best();
		return new WholeReply((best != null) ? this.head.error(exhausted.lane(), best, exhausted.own().headers())
				: this.head.own(exhausted.lane(), exhausted.own()));
	}

	private ByteRelay.Format format() {
		return new ByteRelay.Format(this.head.headers().getContentLength(), isJson());
	}

	private boolean isJson() {
		HttpHeaders headers = this.head.headers();
		return BackendResponse.hasType(headers.getFirst(HttpHeaders.CONTENT_TYPE), "application/json")
				&& !BodyDecoder.isEncoded(headers.getFirst(HttpHeaders.CONTENT_ENCODING));
	}

}
