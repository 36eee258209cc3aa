package dev.weir.failover;

import java.time.Duration;

import dev.weir.api.ApiCall;
import dev.weir.backend.Attempts;
import dev.weir.config.PoolProperties;

import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.server.ServerWebExchange;

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
		if (answering.start() instanceof AnswerStart.Events events) {
			Resume resume = this.settings.resume() ? Resume.of(this.call, this.loop::runAgain) : null;
			return new Answer.Streaming(new EventRelay(answering, events, this.call.path().operation(), this.settings,
					resume, this.timing, this.turn));
		}
		return new Answer.Streaming(bytes(answering, (AnswerStart.Bytes) answering.start()));
	}

	Answer of(Ending.Refused refused) {
		ErrorAnswer error = refused.answer();
		UpstreamBody rest = error.rest();
		if (rest == null) {
			refused.attempt().end(refused.outcome());
			return new Answer.Kept(error.body());
		}
		AnswerStart.Bytes start = new AnswerStart.Bytes(rest, error.body());
		return new Answer.Streaming(bytes(new Ending.Answering(refused.attempt(), refused.outcome(), start), start));
	}

	private ByteRelay bytes(Ending.Answering answering, AnswerStart.Bytes start) {
		HttpHeaders headers = this.exchange.getResponse().getHeaders();
		MediaType type = headers.getContentType();
		boolean json = type != null && type.isCompatibleWith(MediaType.APPLICATION_JSON);
		Duration patience = this.settings.streamIdleTimeout();
		return new ByteRelay(answering, start, patience, headers.getContentLength(), json, this.timing, this.turn);
	}

}
