package dev.weir.client.limit;

import java.time.Duration;
import java.util.List;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;

import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stream.Usage;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;

/**
 * The stored responses whose request ended without a usage, such as those with
 * {@code background: true}. The usage in a later response to a request that names one of
 * them settles what was charged. Safe for many threads.
 */
final class UnsettledResponses {

	/** The longest window; afterwards nothing can be returned. */
	private static final Duration KEEP = Duration.ofDays(1);

	/** About 300 bytes each. */
	private static final int MAX_RESPONSES = 50_000;

	private final Cache<StoredObject, Reservation.Account> responses;

	UnsettledResponses(Ticker ticker) {
		this.responses = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(Runnable::run)
			.expireAfterWrite(KEEP)
			.maximumSize(MAX_RESPONSES)
			.build();
	}

	/**
	 * Records the response that a request has made, until its usage is known.
	 * @param reservation what the request has reserved
	 * @param objects the objects that the backend's response names
	 */
	void onObjects(Reservation reservation, List<ReportedObject> objects) {
		for (ReportedObject reported : objects) {
			StoredObject object = reported.object();
			if (reservation.limitsTokens() && object.kind() == ObjectKind.RESPONSE
					&& reported.origin() == ReportedObject.Origin.CREATED) {
				reservation.onCreated(object);
				this.responses.put(object, reservation.account());
			}
		}
	}

	/**
	 * Records that the request which made a response has reported its usage.
	 * @param reservation what the request has reserved
	 */
	void onUsage(Reservation reservation) {
		StoredObject made = reservation.response();
		if (made != null) {
			this.responses.invalidate(made);
		}
	}

	/**
	 * Settles the response that a request names. While it is in progress a server may
	 * report a usage that grows, so the response stays until its time is over; the same
	 * usage again changes nothing.
	 * @param context the request
	 * @param usage the usage that it has reported
	 */
	void onUsage(RequestContext context, Usage usage) {
		long total = usage.total();
		if (total == 0 || this.responses.asMap().isEmpty()) {
			return;
		}
		List<NamedObject> named = context.call().path().objects();
		Reservation.Account account = (named.size() == 1) ? this.responses.getIfPresent(named.get(0).object()) : null;
		if (account != null) {
			account.settle(total);
		}
	}

}
