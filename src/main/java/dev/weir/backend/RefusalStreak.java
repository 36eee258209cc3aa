package dev.weir.backend;

import java.util.HashSet;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * The requests that a backend refused one after the other without saying why (401, 403).
 * One of them may be refused for its own sake, by a firewall that dislikes its text for
 * instance, also if its client sends it again and again; several different ones in a row
 * are refused because of Weir's credential. Requests are different if their bodies
 * differ. That another backend serves a request proves nothing: the firewall may stand in
 * front of this one only. Safe for many threads.
 */
final class RefusalStreak {

	/** How many different requests in a row prove that the credential is refused. */
	static final int THRESHOLD = 3;

	private final Set<Integer> fingerprints = new HashSet<>();

	// null if there are no refusals
	private volatile @Nullable Refusal last;

	/**
	 * Records a refusal without a reason.
	 * @param fingerprint that of the request
	 * @param refusal what the backend said
	 * @return whether the credential is refused, from all that is known now
	 */
	synchronized boolean onRefused(int fingerprint, Refusal refusal) {
		this.last = refusal;
		if (count() < THRESHOLD) {
			this.fingerprints.add(fingerprint);
		}
		return count() >= THRESHOLD;
	}

	/**
	 * Records that the backend served a request. Mostly costs the reading of one field.
	 */
	void onServed() {
		if (this.last != null) {
			clear();
		}
	}

	private synchronized void clear() {
		this.fingerprints.clear();
		this.last = null;
	}

	synchronized int count() {
		return this.fingerprints.size();
	}

	/**
	 * The last refusal without a reason.
	 * @return the refusal, or {@code null} if a request was served since
	 */
	@Nullable Refusal last() {
		return this.last;
	}

}
