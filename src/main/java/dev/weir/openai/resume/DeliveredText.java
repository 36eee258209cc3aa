package dev.weir.openai.resume;

/**
 * One text that the client is being told, and how far a new stream has repeated it. It is
 * counted in UTF-16 units, so that it does not matter where a stream cuts, even inside of
 * a surrogate pair.
 */
final class DeliveredText {

	private final StringBuilder told = new StringBuilder();

	private int at;

	void rewind() {
		this.at = 0;
	}

	/** Whether some of it has not been repeated yet. */
	boolean isRepeating() {
		return this.at < this.told.length();
	}

	/**
	 * Compares the next part with what was told, and notes what is new.
	 * @param text the part
	 * @param memory what may be noted; if it is full, nothing is
	 * @return the end of the part that was not told before, perhaps empty
	 * @throws DivergedException if the part is not what was told
	 */
	String add(String text, ResumeMemory memory) {
		int known = this.told.length();
		int same = Math.min(text.length(), known - this.at);
		for (int i = 0; i < same; i++) {
			if (text.charAt(i) != this.told.charAt(this.at + i)) {
				throw DivergedException.otherText();
			}
		}
		this.at += same;
		String beyond = text.substring(same);
		if (!beyond.isEmpty() && memory.take(beyond.length())) {
			memory.onUndo(() -> this.told.setLength(known));
			this.told.append(beyond);
			this.at = this.told.length();
		}
		return beyond;
	}

}
