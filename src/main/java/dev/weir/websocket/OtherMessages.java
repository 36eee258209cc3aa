package dev.weir.websocket;

/**
 * Counts the messages of a client to which a backend may still respond with an error,
 * though they are not requests, such as {@code response.cancel}. Errors have no id, so
 * the counts decide which message one belongs to.
 */
final class OtherMessages {

	private int pending;

	/** How many of them were sent before the current request. */
	private int before;

	void onSent() {
		this.pending++;
	}

	void onRequestSent() {
		this.before = this.pending;
	}

	/** The current request has begun, so earlier messages get no response any more. */
	void onResponseBegin() {
		this.pending -= this.before;
		this.before = 0;
	}

	/**
	 * Whether an error without an id belongs to another message than the current request.
	 * If so, that has its response.
	 * @param request the current request
	 * @param error the error
	 * @return whether it does
	 */
	boolean take(MessageRequest request, ResponseEvent error) {
		boolean other = isAboutOther(request, error.status());
		if (other) {
			this.pending--;
			this.before = Math.max(0, this.before - 1);
		}
		return other;
	}

	private boolean isAboutOther(MessageRequest request, int status) {
		if (request.responseId() != null || !request.isWaiting()) {
			return this.pending > 0;
		}
		return this.before > 0 && (status == 400 || status == 404 || status == 409);
	}

}
