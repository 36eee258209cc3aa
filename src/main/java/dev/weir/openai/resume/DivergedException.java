package dev.weir.openai.resume;

/**
 * A continuation is not the same answer. Its message quotes nothing of either.
 */
final class DivergedException extends RuntimeException {

	DivergedException(String message) {
		super(message, null, false, false);
	}

	static DivergedException otherText() {
		return new DivergedException("it says something else");
	}

	static DivergedException otherOrder() {
		return new DivergedException("it goes on before it has repeated everything");
	}

	static DivergedException endsEarly() {
		return new DivergedException("it ends before it has repeated everything");
	}

	static DivergedException notUnderstood() {
		return new DivergedException("it has an event that cannot be compared");
	}

}
