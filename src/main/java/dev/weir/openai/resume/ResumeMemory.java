package dev.weir.openai.resume;

import java.util.ArrayList;
import java.util.List;

/**
 * Bounds the record of a stream, and rolls back the record of an event that the client
 * did not get.
 */
final class ResumeMemory {

	/** Roughly what an entry of a map takes, in bytes. */
	private static final int ENTRY = 128;

	private final List<Runnable> rollback = new ArrayList<>();

	private long free;

	private boolean complete = true;

	/**
	 * Creates an empty memory.
	 * @param maxBytes the most bytes that may be recorded
	 */
	ResumeMemory(int maxBytes) {
		this.free = maxBytes;
	}

	/**
	 * Reserves memory for a text.
	 * @param chars the length of the text, in characters
	 * @return whether the text may be recorded; if not, the record is incomplete from now
	 * on
	 */
	boolean reserve(int chars) {
		this.free -= 2L * chars;
		if (this.free < 0) {
			markIncomplete();
		}
		return this.complete;
	}

	/**
	 * Reserves memory for an entry of a map.
	 * @param key the entry's key
	 */
	void reserveEntry(String key) {
		reserve(ENTRY / 2 + key.length());
	}

	/** Records that the stream cannot be resumed any more. */
	void markIncomplete() {
		if (this.complete) {
			this.complete = false;
			onRollback(() -> this.complete = true);
		}
	}

	/** Whether everything has been recorded that a new stream must repeat. */
	boolean isComplete() {
		return this.complete;
	}

	/** Adds a change of the current event that a rollback must undo. */
	void onRollback(Runnable undo) {
		this.rollback.add(undo);
	}

	/** Keeps the record of the current event, because the client gets it. */
	void commit() {
		this.rollback.clear();
	}

	/** Removes the record of the current event, because the client does not get it. */
	void rollback() {
		for (int i = this.rollback.size() - 1; i >= 0; i--) {
			this.rollback.get(i).run();
		}
		this.rollback.clear();
	}

}
