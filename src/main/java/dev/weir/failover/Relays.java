package dev.weir.failover;

import java.time.Duration;

import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempts;
import dev.weir.config.PoolProperties;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.stream.Usage;
import dev.weir.openai.stream.UsageReader;

/**
 * Makes the body of a request's answer from the way its attempts ended.
 */
final class Relays {

	private final ServerWebExchange exchange;

	private final ApiCall call;

	private final AttemptLoop loop;

	private final PoolProperties settings;

	private final Timing timing;

	private final SerialExecutor turn;

	/**
	 * Prepares.
	 * @param exchange the request
	 * @param call what it wants done
	 * @param attempts its attempts
	 * @param loop what makes them
	 * @param timing what time is told by
	 * @param turn what everything that is told about the answer is run by
	 */
	Relays(ServerWebExchange exchange, ApiCall call, Attempts attempts, AttemptLoop loop, Timing timing,
			SerialExecutor turn) {
		this.exchange = exchange;
		this.call = call;
		this.loop = loop;
		this.settings = attempts.pool().properties();
		this.timing = timing;
		this.turn = turn;
	}

	Answer of(Ending.Answering answering) {
		if (answering.start() instanceof AnswerStart.Events) {
			return new Answer.Streaming(events(answering));
		}
		AnswerStart.Bytes start = (AnswerStart.Bytes) answering.start();
		return start.whole() ? whole(answering, start.first()) : new Answer.Streaming(bytes(answering, start));
	}

	/**
	 * Makes the relay of a stream.
	 * @param answering a response that began with events
	 * @return the relay
	 */
	EventRelay events(Ending.Answering answering) {
		Resume resume = this.settings.resume() ? Resume.of(this.call, this.loop::runAgain) : null;
		return new EventRelay(answering, (AnswerStart.Events) answering.start(), this.call.path().operation(),
				this.settings, resume, this.timing, this.turn);
	}

	/** What has come whole ends the attempt, whatever the client does with it. */
	private Answer whole(Ending.Answering answering, byte[] body) {
		if (isJson()) {
			UsageReader reader = new UsageReader();
			reader.add(body);
			Usage usage = reader.usage();
			if (usage != null) {
				answering.attempt().used(usage.inputTokens(), usage.outputTokens());
			}
		}
		answering.attempt().end(answering.outcome());
		return new Answer.Kept(body);
	}

	Answer of(Ending.Refused refused) {
		ErrorAnswer error = refused.answer();
		UpstreamBody rest = error.rest();
		if (rest == null) {
			refused.attempt().end(refused.outcome());
			return new Answer.Kept(error.body());
		}
		AnswerStart.Bytes start = new AnswerStart.Bytes(rest, error.body(), false);
		return new Answer.Streaming(bytes(new Ending.Answering(refused.attempt(), refused.outcome(), start), start));
	}

	private ByteRelay bytes(Ending.Answering answering, AnswerStart.Bytes start) {
		long length = this.exchange.getResponse().getHeaders().getContentLength();
		Duration patience = this.settings.streamIdleTimeout();
		return new ByteRelay(answering, start, patience, length, isJson(), this.timing, this.turn);
	}

	private boolean isJson() {
		HttpHeaders headers = this.exchange.getResponse().getHeaders();
		return UpstreamAnswer.hasType(headers.getFirst(HttpHeaders.CONTENT_TYPE), "application/json")
				&& !BodyDecoder.isCoded(headers.getFirst(HttpHeaders.CONTENT_ENCODING));
	}

}
