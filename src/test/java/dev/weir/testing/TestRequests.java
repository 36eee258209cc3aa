package dev.weir.testing;

import java.time.Duration;
import java.util.List;

import com.github.benmanes.caffeine.cache.Ticker;
import reactor.core.Disposable;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.backend.Lanes;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestLoop;

/**
 * Contexts of requests for unit tests.
 */
public final class TestRequests {

	/** Runs tasks at once on the calling thread, and has no timers. */
	public static final RequestLoop DIRECT = new RequestLoop() {
		@Override
		public boolean isCurrent() {
			return true;
		}

		@Override
		public void execute(Runnable task) {
			task.run();
		}

		@Override
		public Disposable schedule(Runnable task, Duration delay) {
			throw new UnsupportedOperationException("There are no timers");
		}

	};

	private TestRequests() {
	}

	/**
	 * Begins the choice of lanes for a chat of which nothing else is known.
	 * @param pool the pool
	 * @param lanes the lanes that serve the request
	 * @param ticker the clock
	 * @return the context
	 */
	public static RequestContext begin(Pool pool, Lanes lanes, Ticker ticker) {
		return begin(pool, lanes, RequestTraits.UNKNOWN, ticker);
	}

	/**
	 * Begins the choice of lanes.
	 * @param pool the pool
	 * @param lanes the lanes that serve the request
	 * @param traits the properties of the request that lanes depend on
	 * @param ticker the clock
	 * @return the context
	 */
	public static RequestContext begin(Pool pool, Lanes lanes, RequestTraits traits, Ticker ticker) {
		return begin(pool, lanes, traits, ticker, DIRECT);
	}

	/**
	 * Begins the choice of lanes.
	 * @param pool the pool
	 * @param lanes the lanes that serve the request
	 * @param traits the properties of the request that lanes depend on
	 * @param ticker the clock
	 * @param loop the loop of the request
	 * @return the context
	 */
	public static RequestContext begin(Pool pool, Lanes lanes, RequestTraits traits, Ticker ticker, RequestLoop loop) {
		RequestContext context = new RequestContext("test-1", loop, ticker, List.of());
		context.onRouted(pool);
		context.onCallRead(new ApiCall(ApiPath.parse("POST", "/v1/chat/completions", null), "gpt-4o", null, false));
		context.beginFailover(lanes, traits);
		return context;
	}

}
