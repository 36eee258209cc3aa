package dev.weir.reply;

import java.util.function.Supplier;

import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;

import dev.weir.openai.stream.Usage;
import dev.weir.openai.stream.UsageReader;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.response.ErrorResponse;
import dev.weir.response.ResponseBody;
import dev.weir.response.ResponseStart;
import dev.weir.response.BodyDecoder;
import dev.weir.response.BackendResponse;

/**
 * Creates the body of a reply from a backend's response. The head of the reply was
 * written before.
 */
public final class ReplyFactory {

	private final RequestContext context;

	private final Supplier<Mono<RequestResult>> again;

	private final HttpHeaders head;

	/**
	 * Creates the factory of a request.
	 * @param context the request
	 * @param again makes further attempts to resume a stream; empty if none is possible
	 * @param head the headers of the reply
	 */
	public ReplyFactory(RequestContext context, Supplier<Mono<RequestResult>> again, HttpHeaders head) {
		this.context = context;
		this.again = again;
		this.head = head;
	}

	public Reply of(RequestResult.Served served) {
		if (served.start() instanceof ResponseStart.Events events) {
			return events(served, events);
		}
		ResponseStart.Bytes start = (ResponseStart.Bytes) served.start();
		return start.whole() ? whole(served, start.first())
				: new ByteRelay(this.context, served.attempt(), served.outcome(), start, format());
	}

	/**
	 * Creates the relay of a stream.
	 * @param served the response
	 * @param start its first events
	 * @return the relay
	 */
	EventRelay events(RequestResult.Served served, ResponseStart.Events start) {
		Resume resume = this.context.pool().properties().resume() ? Resume.of(this.context.call(), this.again) : null;
		return new EventRelay(this.context, served, start, resume);
	}

	/**
	 * A response that has arrived completely ends the attempt, even if the client leaves.
	 */
	private Reply whole(RequestResult.Served served, byte[] body) {
		if (isJson()) {
			UsageReader reader = new UsageReader();
			reader.add(body);
			Usage usage = reader.usage();
			if (usage != null) {
				served.attempt().recordUsage(usage.inputTokens(), usage.outputTokens());
			}
		}
		served.attempt().end(served.outcome());
		return new WholeReply(body);
	}

	/**
	 * Creates the body of an error that is relayed unchanged.
	 * @param refused the error
	 * @return the body
	 */
	public Reply of(RequestResult.Refused refused) {
		ErrorResponse error = refused.error();
		ResponseBody rest = error.rest();
		if (rest == null) {
			refused.attempt().end(refused.outcome());
			return new WholeReply(error.body());
		}
		return new ByteRelay(this.context, refused.attempt(), refused.outcome(),
				new ResponseStart.Bytes(rest, error.body(), false), format());
	}

	private ByteRelay.Format format() {
		return new ByteRelay.Format(this.head.getContentLength(), isJson());
	}

	private boolean isJson() {
		return BackendResponse.hasType(this.head.getFirst(HttpHeaders.CONTENT_TYPE), "application/json")
				&& !BodyDecoder.isCoded(this.head.getFirst(HttpHeaders.CONTENT_ENCODING));
	}

}
