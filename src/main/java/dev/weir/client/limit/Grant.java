package dev.weir.client.limit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.springframework.http.HttpHeaders;

import dev.weir.openai.quota.GoDuration;
import dev.weir.request.Reservation;

/**
 * What one request has taken from the limits of its client.
 */
final class Grant implements Reservation.Account {

	private static final String PREFIX = "x-ratelimit-";

	private final ClientQuota quota;

	private final List<Part> parts;

	// under the lock of the quota
	private boolean settled;

	Grant(ClientQuota quota, List<Part> parts) {
		this.quota = quota;
		this.parts = parts;
	}

	/**
	 * Whether a limit of tokens applies to the request.
	 * @return whether tokens were taken
	 */
	boolean limitsTokens() {
		return this.parts.stream().anyMatch((part) -> part.window.kind().isTokens());
	}

	@Override
	public void charge(long total) {
		this.quota.change(() -> {
			if (!this.settled) {
				chargeTokens(total);
			}
		});
	}

	@Override
	public void settle(long total) {
		this.quota.change(() -> {
			this.settled = true;
			chargeTokens(total);
		});
	}

	private void chargeTokens(long total) {
		this.parts.forEach((part) -> {
			if (part.window.kind().isTokens()) {
				part.charge(total);
			}
		});
	}

	@Override
	public void end(boolean counts) {
		this.quota.change(() -> {
			this.quota.release();
			this.parts.forEach((part) -> {
				part.settle();
				if (!counts && !part.window.kind().isTokens()) {
					part.charge(0);
				}
			});
		});
	}

	@Override
	public void writeHeaders(HttpHeaders headers) {
		Map<String, String> own = new LinkedHashMap<>();
		this.quota.change(() -> own.putAll(headers()));
		if (!own.isEmpty()) {
			List<String> others = new ArrayList<>();
			for (String name : headers.headerNames()) {
				if (name.regionMatches(true, 0, PREFIX, 0, PREFIX.length())) {
					others.add(name);
				}
			}
			others.forEach(headers::remove);
			own.forEach(headers::set);
		}
	}

	/**
	 * The headers of the requests' and of the tokens' limit that has the least left.
	 * Called under the lock of the quota.
	 * @return the headers by name
	 */
	Map<String, String> headers() {
		Map<String, String> headers = new LinkedHashMap<>();
		add(headers, false);
		add(headers, true);
		return headers;
	}

	private void add(Map<String, String> headers, boolean tokens) {
		LimitWindow tightest = null;
		for (Part part : this.parts) {
			if (part.window.kind().isTokens() == tokens
					&& (tightest == null || part.window.remaining() < tightest.remaining())) {
				tightest = part.window;
			}
		}
		if (tightest != null) {
			String unit = tightest.kind().unit();
			headers.put(PREFIX + "limit-" + unit, String.valueOf(tightest.limit()));
			headers.put(PREFIX + "remaining-" + unit, String.valueOf(Math.max(0, tightest.remaining())));
			headers.put(PREFIX + "reset-" + unit, GoDuration.format(tightest.reset()));
		}
	}

	/**
	 * What was taken from one limit.
	 */
	static final class Part {

		private final LimitWindow window;

		private long count;

		private long number;

		private boolean settled;

		Part(LimitWindow window, long count) {
			this.window = window;
			this.count = count;
		}

		LimitWindow window() {
			return this.window;
		}

		long count() {
			return this.count;
		}

		void take() {
			this.number = this.window.take(this.count);
		}

		/** What it uses is known, or will not be known before the client reads it. */
		void settle() {
			if (!this.settled) {
				this.settled = true;
				this.window.settle(this.number, this.count);
			}
		}

		void charge(long total) {
			settle();
			this.count += this.window.correct(this.number, total - this.count);
		}

	}

}
