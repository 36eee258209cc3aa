package dev.weir.openai.resume;

import java.util.ArrayList;
import java.util.List;

/**
 * How much of a stream may be remembered for its matcher, and whether all that matters
 * still is. Also takes back what was noted of an event that was not told in the end.
 */
final class ResumeMemory {

	/** Roughly what an entry of a map takes, in bytes. */
	private static final int ENTRY = 128;

	private final List<Runnable> undo = new ArrayList<>();

	private long left;

	private boolean intact = true;

	/**
	 * Makes an empty memory.
	 * @param maxBytes how many bytes may be remembered
	 */
	ResumeMemory(int maxBytes) {
		this.left = maxBytes;
	}

	/**
	 * Asks for room.
	 * @param chars how many characters are to be remembered
	 * @return whether they may be; if not, the memory has a gap from now on
	 */
	boolean take(int chars) {
		this.left -= 2L * chars;
		if (this.left < 0) {
			giveUp();
		}
		return this.intact;
	}

	/**
	 * Asks for room for an entry of its own.
	 * @param key the entry's key
	 */
	void takeEntry(String key) {
		take(ENTRY / 2 + key.length());
	}

	/** Says that a continuation is not possible any more, or makes no sense. */
	void giveUp() {
		if (this.intact) {
			this.intact = false;
			onUndo(() -> this.intact = true);
		}
	}

	/** Whether nothing is missing that a continuation must be compared with. */
	boolean intact() {
		return this.intact;
	}

	/** Notes how to take back something of the event that is being read. */
	void onUndo(Runnable change) {
		this.undo.add(change);
	}

	/** Says that the event was told. */
	void keep() {
		this.undo.clear();
	}

	/** Takes back what was noted of an event that was not told. */
	void undo() {
		for (int i = this.undo.size() - 1; i >= 0; i--) {
			this.undo.get(i).run();
		}
		this.undo.clear();
	}

}
