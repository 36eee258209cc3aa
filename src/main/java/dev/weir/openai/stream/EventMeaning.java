package dev.weir.openai.stream;

import java.util.Arrays;
import java.util.Set;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.stream.StreamEvent.Kind;

/**
 * What the data of a whole event means for its stream. Sources are OpenAI's API
 * specification (schemas {@code CreateChatCompletionStreamResponse},
 * {@code CreateCompletionResponse} and {@code ResponseStreamEvent}) and what compatible
 * servers send. What is not known is content, so that nothing of an answer is taken for a
 * mere sign of life.
 *
 * @param kind what it is
 * @param type its {@code type}, or the event field; {@code null} if it has neither
 * @param thinking whether it says that the model, or a tool at the backend, is at work
 * @param choices the choices it names, each as twice the index plus 1 if it is finished
 * @param withoutChoices whether its {@code choices} are empty
 */
record EventMeaning(Kind kind, @Nullable String type, boolean thinking, int[] choices, boolean withoutChoices) {

	private static final int[] NO_CHOICES = {};

	private static final Set<String> PINGS = Set.of("ping", "keepalive", "keep-alive", "heartbeat");

	/** How the types of events end that say only that a response or a tool is at work. */
	private static final Set<String> PROGRESS = Set.of("created", "queued", "in_progress", "searching", "interpreting",
			"generating");

	/** Tools that run at the backend, with no word to the client until they are done. */
	private static final Set<String> HOSTED_TOOLS = Set.of("web_search_call", "file_search_call",
			"code_interpreter_call", "image_generation_call", "mcp_list_tools");

	private static final Pattern TOOL_PROGRESS = Pattern
		.compile("response\\.\\w+\\.(?:in_progress|searching|interpreting|generating)");

	/** Of a choice beside what it says. */
	private static final Set<String> ABOUT_CHOICE = Set.of("index", "logprobs", "content_filter_results",
			"content_filter_offsets");

	static EventMeaning of(EventFields fields) {
		String type = fields.event();
		if ("error".equals(type)) {
			return new EventMeaning(Kind.ERROR, type, false, NO_CHOICES, false);
		}
		if (!fields.hasData()) {
			return new EventMeaning(Kind.NO_CONTENT, null, false, NO_CHOICES, false);
		}
		if (fields.isDone()) {
			return new EventMeaning(Kind.DONE, type, false, NO_CHOICES, false);
		}
		return new Reader(type).read(fields.json());
	}

	/** Reads the data, which should be a JSON object. */
	private static final class Reader {

		private @Nullable String type;

		private boolean error;

		private boolean withoutChoices;

		private boolean hasChoices;

		private boolean choicesSay;

		private int[] choices = NO_CHOICES;

		private boolean partSays;

		private @Nullable String item;

		Reader(@Nullable String type) {
			this.type = type;
		}

		EventMeaning read(JsonProperties top) {
			while (top.next()) {
				if (top.is("error")) {
					this.error = !top.isNull();
				}
				else if (top.is("choices")) {
					this.withoutChoices = top.isEmptyArray();
					this.hasChoices = true;
					readChoices(top);
				}
				else if (top.is("type")) {
					String text = top.text();
					this.type = (text != null) ? text : this.type;
				}
				else if (top.is("object")) {
					// vLLM up to 0.8
					this.error |= "error".equals(top.text());
				}
				else if (top.is("item")) {
					readItem(top.properties());
				}
				else if (top.is("part")) {
					readPart(top.properties());
				}
			}
			if (!top.complete()) {
				return new EventMeaning(Kind.CONTENT, this.type, false, NO_CHOICES, false);
			}
			Kind kind = kind();
			return new EventMeaning(kind, this.type, kind == Kind.NO_CONTENT && isThinking(), this.choices,
					this.withoutChoices);
		}

		private Kind kind() {
			if (this.error || "error".equals(this.type) || "response.failed".equals(this.type)) {
				return Kind.ERROR;
			}
			if (this.hasChoices) {
				return this.choicesSay ? Kind.CONTENT : Kind.NO_CONTENT;
			}
			return (this.type != null && isLife(this.type)) ? Kind.NO_CONTENT : Kind.CONTENT;
		}

		private boolean isLife(String named) {
			if (PINGS.contains(named)) {
				return true;
			}
			if (!named.startsWith("response.")) {
				return false;
			}
			if (PROGRESS.contains(named.substring(named.lastIndexOf('.') + 1))) {
				return true;
			}
			if (isAdded("output_item") || "response.output_item.done".equals(named)) {
				return !this.partSays && this.item != null;
			}
			return (isAdded("content_part") || isAdded("reasoning_summary_part")) && !this.partSays;
		}

		private boolean isThinking() {
			boolean opened = isAdded("output_item") && !"message".equals(this.item);
			return opened || (this.type != null && TOOL_PROGRESS.matcher(this.type).matches());
		}

		private boolean isAdded(String what) {
			return ("response." + what + ".added").equals(this.type);
		}

		/** An item of a response. One that has nothing to say yet is remembered. */
		private void readItem(JsonProperties properties) {
			String named = null;
			boolean says = false;
			while (properties.next()) {
				if (properties.is("type")) {
					named = properties.text();
				}
				else if (properties.is("content") || properties.is("summary")) {
					says |= !properties.isNullOrEmpty();
				}
			}
			if (named != null
					&& (named.equals("message") || named.equals("reasoning") || HOSTED_TOOLS.contains(named))) {
				this.item = named;
			}
			this.partSays |= says;
		}

		private void readPart(JsonProperties properties) {
			while (properties.next()) {
				if (properties.is("text") || properties.is("refusal")) {
					this.partSays |= !properties.isNullOrEmpty();
				}
			}
		}

		private void readChoices(JsonProperties top) {
			JsonProperties elements = top.elements();
			int[] found = NO_CHOICES;
			int count = 0;
			boolean known = top.isArray() && !this.withoutChoices;
			while (elements.next()) {
				int choice = elements.isObject() ? readChoice(elements.properties()) : -1;
				known &= choice >= 0;
				found = (count < found.length) ? found : Arrays.copyOf(found, Math.max(1, 2 * count));
				found[count++] = choice;
			}
			// what is no list of choices is content
			this.choicesSay |= !this.withoutChoices && !known;
			this.choices = !known ? NO_CHOICES : (count == found.length) ? found : Arrays.copyOf(found, count);
		}

		/** Returns twice the choice's index plus 1 if it is finished. */
		private int readChoice(JsonProperties choice) {
			long index = 0;
			boolean finished = false;
			boolean says = false;
			while (choice.next()) {
				if (choice.is("index")) {
					index = choice.number();
				}
				else if (choice.is("finish_reason")) {
					finished = !choice.isNullOrEmpty();
				}
				else if (choice.is("delta") || choice.is("message")) {
					says |= saysSomething(choice);
				}
				else if (!isAboutChoice(choice)) {
					says |= !choice.isNullOrEmpty();
				}
			}
			this.choicesSay |= says || finished;
			return (index < 0 || index > 1_000_000) ? -1 : 2 * (int) index + (finished ? 1 : 0);
		}

		private static boolean isAboutChoice(JsonProperties choice) {
			for (String name : ABOUT_CHOICE) {
				if (choice.is(name)) {
					return true;
				}
			}
			return false;
		}

		/** The role alone says nothing yet. */
		private static boolean saysSomething(JsonProperties choice) {
			if (!choice.isObject()) {
				return !choice.isNullOrEmpty();
			}
			JsonProperties delta = choice.properties();
			while (delta.next()) {
				if (!delta.is("role") && !delta.isNullOrEmpty()) {
					return true;
				}
			}
			return false;
		}

	}

}
