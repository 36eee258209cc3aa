package dev.weir.request;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.backend.Attempt;
import dev.weir.backend.AttemptListener;
import dev.weir.backend.Outcome;
import dev.weir.backend.PendingUsage;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stream.Usage;

/**
 * Notifies the listeners of one request to a pool, and records what they get at its end.
 * Used on the loop of the request only.
 */
final class RequestEvents implements AttemptListener {

	private final RequestContext context;

	private final List<RequestListener> listeners;

	private final Ticker ticker;

	private final long start;

	private final List<Attempts.Ended> attempts = new ArrayList<>(2);

	private @Nullable Usage usage;

	// the stored response that the request has made
	private @Nullable StoredObject made;

	private @Nullable Duration timeToReply;

	private boolean ended;

	/**
	 * Starts to measure the duration of a request.
	 * @param context the request
	 * @param listeners the listeners to notify
	 * @param ticker a monotonic clock in nanoseconds
	 */
	RequestEvents(RequestContext context, List<RequestListener> listeners, Ticker ticker) {
		this.context = context;
		this.listeners = listeners;
		this.ticker = ticker;
		this.start = ticker.read();
	}

	@Override
	public void onEnd(Attempt attempt, Outcome outcome, Duration duration) {
		if (this.made != null && this.usage == null) {
			// before the end of the reply, after which the client may read the response
			pendingUsage(attempt).add(this.made, attempt.lane());
		}
		this.attempts.add(new Attempts.Ended(attempt.lane(), outcome));
		for (RequestListener listener : this.listeners) {
			listener.onAttemptEnd(this.context, attempt, outcome, duration);
		}
	}

	@Override
	public @Nullable Usage onUsage(Attempt attempt, Usage reported) {
		for (RequestListener listener : this.listeners) {
			listener.onUsage(this.context, attempt, reported);
		}
		if (reported.total() == 0) {
			return null;
		}
		ApiPath path = this.context.call().path();
		if (path.usesTokens()) {
			if (this.made != null) {
				pendingUsage(attempt).remove(this.made);
			}
			Usage before = this.usage;
			this.usage = (before == null) ? reported : before.plus(reported);
			notifyUsed(attempt, reported);
			return reported;
		}
		List<NamedObject> named = path.objects();
		Usage used = (named.size() == 1) ? pendingUsage(attempt).count(named.get(0).object(), reported) : null;
		if (used != null) {
			notifyUsed(attempt, used);
		}
		return null;
	}

	private void notifyUsed(Attempt attempt, Usage used) {
		for (RequestListener listener : this.listeners) {
			listener.onTokensUsed(this.context, attempt, used);
		}
	}

	private static PendingUsage pendingUsage(Attempt attempt) {
		return attempt.lane().backend().condition().pendingUsage();
	}

	@Override
	public void onObjects(Attempt attempt, List<ReportedObject> objects) {
		if (this.context.call().path().usesTokens()) {
			for (ReportedObject reported : objects) {
				boolean response = reported.object().kind() == ObjectKind.RESPONSE;
				this.made = (response && reported.origin() == ReportedObject.Origin.CREATED) ? reported.object()
						: this.made;
			}
		}
		for (RequestListener listener : this.listeners) {
			listener.onObjects(this.context, attempt, objects);
		}
	}

	/** Records that there is a reply. */
	void onReply() {
		this.timeToReply = elapsed();
	}

	/**
	 * Notifies the listeners of the end of the request. Without effect when called again.
	 * @param status the HTTP status that the client got
	 */
	void onRequestEnd(int status) {
		if (this.ended) {
			return;
		}
		this.ended = true;
		RequestSummary summary = new RequestSummary(status, elapsed(), this.timeToReply, List.copyOf(this.attempts),
				this.usage, boundTo());
		for (RequestListener listener : this.listeners) {
			listener.onEnd(this.context, summary);
		}
	}

	private @Nullable String boundTo() {
		Binding binding = this.context.binding();
		return (binding != null && !binding.isHome()) ? binding.owner() : null;
	}

	private Duration elapsed() {
		return Duration.ofNanos(this.ticker.read() - this.start);
	}

}
