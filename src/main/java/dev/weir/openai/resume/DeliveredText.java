package dev.weir.openai.resume;

/**
 * One text that the client has got so far, and how far a new stream has repeated it. Both
 * are counted in UTF-16 units, so that a stream may be cut anywhere, even inside a
 * surrogate pair.
 */
final class DeliveredText {

	private final StringBuilder delivered = new StringBuilder();

	private int repeated;

	void rewind() {
		this.repeated = 0;
	}

	/** Whether a part of the text has not been repeated yet. */
	boolean isRepeating() {
		return this.repeated < this.delivered.length();
	}

	/**
	 * Compares the next part with the delivered text and records its new part.
	 * @param part the next part of the text
	 * @param memory the memory to reserve; if it is full, nothing is recorded
	 * @return the end of the part that was not delivered before, possibly empty
	 * @throws DivergedException if the part differs from the delivered text
	 */
	String add(String part, ResumeMemory memory) {
		int known = this.delivered.length();
		int same = Math.min(part.length(), known - this.repeated);
		for (int i = 0; i < same; i++) {
			if (part.charAt(i) != this.delivered.charAt(this.repeated + i)) {
				throw DivergedException.otherText();
			}
		}
		this.repeated += same;
		String added = part.substring(same);
		if (!added.isEmpty() && memory.reserve(added.length())) {
			memory.onRollback(() -> this.delivered.setLength(known));
			this.delivered.append(added);
			this.repeated = this.delivered.length();
		}
		return added;
	}

}
