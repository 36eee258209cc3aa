package dev.weir.request;

import java.net.SocketAddress;
import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.error.ApiError;

/**
 * Logs requests that are refused because of their client or of an overload: at most one
 * line in ten seconds, so that callers cannot fill the log. Safe for many threads. Other
 * lines of one log are lost meanwhile, so those about clients over a limit have another
 * log than those about strangers.
 */
public final class RefusalLog {

	private static final Logger logger = LoggerFactory.getLogger(RefusalLog.class);

	private static final long PAUSE = Duration.ofSeconds(10).toNanos();

	private final Ticker ticker;

	private long last;

	private long notLogged;

	/**
	 * Creates the log.
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public RefusalLog(Ticker ticker) {
		this.ticker = ticker;
		this.last = ticker.read() - PAUSE;
	}

	/**
	 * Records a refused request.
	 * @param exchange the request
	 * @param error the reply
	 */
	public void record(ServerWebExchange exchange, ApiError error) {
		record(exchange.getRequest().getRemoteAddress(), error, RequestContext.idOf(exchange));
	}

	/**
	 * Records a refused request.
	 * @param client the address of the client, or {@code null} if it is not known
	 * @param error the reply
	 * @param id the id of the request
	 */
	public void record(@Nullable SocketAddress client, ApiError error, String id) {
		log(client, error, id);
	}

	/**
	 * Records a refused request of a known client.
	 * @param client the client
	 * @param error the reply
	 * @param id the id of the request
	 */
	public void record(Client client, ApiError error, String id) {
		log("client " + client.name(), error, id);
	}

	private void log(@Nullable Object client, ApiError error, String id) {
		long others;
		synchronized (this) {
			long now = this.ticker.read();
			if (now - this.last < PAUSE) {
				this.notLogged++;
				return;
			}
			this.last = now;
			others = this.notLogged;
			this.notLogged = 0;
		}
		logger.info("Refused a request of {} with {}: {}{} [{}]", client, error.status(), error.message(),
				(others > 0) ? " (and " + others + " others since the last line)" : "", id);
	}

}
