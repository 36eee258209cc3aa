package dev.weir.openai.stream;

import java.util.Arrays;

/**
 * The choices of a chunk of a chat or a completion.
 */
final class EventChoices {

	private static final int[] NONE = {};

	private static final int MAX_INDEX = 1_000_000;

	/** Anything but a list of choices; counts as content. */
	private static final EventChoices UNKNOWN = new EventChoices(false);

	private final boolean list;

	private boolean hasContent;

	/** Each choice as twice its index, plus 1 if it is finished. */
	private int[] choices = NONE;

	private EventChoices(boolean list) {
		this.list = list;
		this.hasContent = !list;
	}

	static EventChoices read(JsonTokenReader json) {
		if (!json.isArray()) {
			return UNKNOWN;
		}
		EventChoices choices = new EventChoices(true);
		return choices.readElements(json) ? choices : UNKNOWN;
	}

	boolean hasContent() {
		return this.hasContent;
	}

	boolean isEmptyList() {
		return this.list && this.choices.length == 0;
	}

	void forEach(StreamEvent.ChoiceVisitor visitor) {
		for (int choice : this.choices) {
			visitor.visit(choice / 2, choice % 2 == 1);
		}
	}

	/** Returns whether all elements are choices. */
	private boolean readElements(JsonTokenReader json) {
		int count = 0;
		boolean known = true;
		while (json.nextElement()) {
			int choice = json.isObject() ? readChoice(json) : -1;
			json.skip();
			known &= choice >= 0;
			if (count == this.choices.length) {
				this.choices = Arrays.copyOf(this.choices, Math.max(1, 2 * count));
			}
			this.choices[count++] = choice;
		}
		if (count < this.choices.length) {
			this.choices = Arrays.copyOf(this.choices, count);
		}
		return known;
	}

	/**
	 * Returns twice the choice's index, plus 1 if it is finished; -1 for no valid index.
	 */
	private int readChoice(JsonTokenReader json) {
		long index = 0;
		boolean finished = false;
		boolean hasContent = false;
		for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
			switch (name) {
				case "index" -> index = json.number();
				case "finish_reason" -> finished = !json.skipEmpty();
				case "delta", "message" -> hasContent |= json.isObject() ? readDelta(json) : !json.skipEmpty();
				// they are about the content, not content
				case "logprobs", "content_filter_results", "content_filter_offsets" -> {
				}
				default -> hasContent |= !json.skipEmpty();
			}
			json.skip();
		}
		this.hasContent |= hasContent || finished;
		return (index < 0 || index > MAX_INDEX) ? -1 : 2 * (int) index + (finished ? 1 : 0);
	}

	/** Returns whether there is content; the role alone is none. */
	private static boolean readDelta(JsonTokenReader json) {
		boolean hasContent = false;
		for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
			if (!name.equals("role")) {
				hasContent |= !json.skipEmpty();
			}
			json.skip();
		}
		return hasContent;
	}

}
