package dev.weir.shared;

/**
 * A kind of state that Weirs exchange. The methods are called on threads that must not be
 * blocked.
 */
interface SharedPart {

	/**
	 * The kind of its messages.
	 * @return one word
	 */
	String kind();

	/** Redis responds, for the first time or again: messages may have been missed. */
	default void onConnected() {
	}

	/** Whether what Redis had at the first {@link #onConnected} is known. */
	default boolean isLoaded() {
		return true;
	}

	/** About a second has passed since the last time, and Redis responds. */
	default void onTick() {
	}

	/**
	 * Follows a message of another Weir.
	 * @param from the id of the other Weir
	 * @param text what it sent, of at most {@link RedisLink#MAX_MESSAGE} characters
	 * @throws RuntimeException if it is not a valid message
	 */
	void onMessage(String from, String text);

}
