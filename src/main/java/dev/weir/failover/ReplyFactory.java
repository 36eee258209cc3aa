package dev.weir.failover;

import org.springframework.http.HttpHeaders;

import dev.weir.openai.stream.Usage;
import dev.weir.openai.stream.UsageReader;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;

/**
 * Makes the body of a reply from the response it is relayed from. The head of the reply
 * has been written before.
 */
final class ReplyFactory {

	private final RequestContext context;

	private final AttemptLoop loop;

	private final HttpHeaders head;

	/**
	 * Prepares.
	 * @param context the request
	 * @param loop makes further attempts where a stream is resumed
	 * @param head the headers of the reply
	 */
	ReplyFactory(RequestContext context, AttemptLoop loop, HttpHeaders head) {
		this.context = context;
		this.loop = loop;
		this.head = head;
	}

	Reply of(RequestResult.Served served) {
		if (served.start() instanceof ResponseStart.Events events) {
			return events(served, events);
		}
		ResponseStart.Bytes start = (ResponseStart.Bytes) served.start();
		return start.whole() ? whole(served, start.first())
				: new ByteRelay(this.context, served.attempt(), served.outcome(), start, format());
	}

	/**
	 * Makes the relay of a stream.
	 * @param served the response
	 * @param start its first events
	 * @return the relay
	 */
	EventRelay events(RequestResult.Served served, ResponseStart.Events start) {
		Resume resume = this.context.pool().properties().resume() ? Resume.of(this.context.call(), this.loop::runAgain)
				: null;
		return new EventRelay(this.context, served, start, resume);
	}

	/**
	 * A response that has come whole ends the attempt, whatever the client does with it.
	 */
	private Reply whole(RequestResult.Served served, byte[] body) {
		if (isJson()) {
			UsageReader reader = new UsageReader();
			reader.add(body);
			Usage usage = reader.usage();
			if (usage != null) {
				served.attempt().used(usage.inputTokens(), usage.outputTokens());
			}
		}
		served.attempt().end(served.outcome());
		return new WholeReply(body);
	}

	/**
	 * Makes the body of an error that passes as it is.
	 * @param refused the error
	 * @return the body
	 */
	Reply of(RequestResult.Refused refused) {
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
