package dev.weir.openai.resume;

/**
 * A new stream differs from the one that it should repeat. The message quotes neither.
 */
final class DivergedException extends RuntimeException {

	DivergedException(String message) {
		super(message, null, false, false);
	}

	static DivergedException otherText() {
		return new DivergedException("its text differs");
	}

	static DivergedException otherOrder() {
		return new DivergedException("it has new content before it has repeated everything");
	}

	static DivergedException endsEarly() {
		return new DivergedException("it ends before it has repeated everything");
	}

	static DivergedException notComparable() {
		return new DivergedException("it has an event that cannot be compared");
	}

}
