package dev.weir.backend;

import java.util.HashSet;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * The requests in a row that a backend refused without a reason (401, 403). One request
 * may be refused because of its content, for instance by a firewall, and its client may
 * repeat it. Several different requests in a row are refused because of Weir's
 * credential. Requests are different if their bodies differ. A success on another backend
 * proves nothing, because only this backend may be behind that firewall. Safe for many
 * threads.
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
	 * @param refusal the refusal
	 * @return whether enough different requests were refused to prove that the credential
	 * is refused
	 */
	synchronized boolean onRefused(int fingerprint, Refusal refusal) {
		this.last = refusal;
		if (count() < THRESHOLD) {
			this.fingerprints.add(fingerprint);
		}
		return count() >= THRESHOLD;
	}

	/**
	 * Records that the backend served a request. Usually costs one read of a field.
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
