package dev.weir.openai.stream;

import java.util.Arrays;
import java.util.Set;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.stream.StreamEvent.Kind;

/**
 * The meaning of a whole event for its stream. Sources are OpenAI's API specification
 * (schemas {@code CreateChatCompletionStreamResponse}, {@code CreateCompletionResponse}
 * and {@code ResponseStreamEvent}) and the events of compatible servers. Everything
 * unknown counts as content, so that no content is ever taken for a keep-alive.
 */
final class EventMeaning {

	private static final int[] NO_CHOICES = {};

	private static final int MAX_INDEX = 1_000_000;

	private static final Set<String> PINGS = Set.of("ping", "keepalive", "keep-alive", "heartbeat");

	/** The last part of the types that only report progress of a response or a tool. */
	private static final Set<String> PROGRESS = Set.of("created", "queued", "in_progress", "searching", "interpreting",
			"generating");

	/** Tools that run at the backend and send the client nothing until they are done. */
	private static final Set<String> HOSTED_TOOLS = Set.of("web_search_call", "file_search_call",
			"code_interpreter_call", "image_generation_call", "mcp_list_tools");

	private static final Pattern TOOL_PROGRESS = Pattern
		.compile("response\\.\\w+\\.(?:in_progress|searching|interpreting|generating)");

	private Kind kind = Kind.NO_CONTENT;

	private @Nullable String type;

	private @Nullable Usage usage;

	private long sequenceNumber = -1;

	/** Each choice as twice its index, plus 1 if it is finished. */
	private int[] choices = NO_CHOICES;

	private boolean withoutChoices;

	private boolean error;

	private boolean hasChoices;

	private boolean choicesHaveContent;

	private boolean itemHasContent;

	private @Nullable String item;

	private EventMeaning(@Nullable String type) {
		this.type = type;
	}

	static EventMeaning of(EventFields fields) {
		EventMeaning meaning = new EventMeaning(fields.event());
		meaning.kind = meaning.read(fields);
		return meaning;
	}

	Kind kind() {
		return this.kind;
	}

	/** The property {@code type}, else the field {@code event}, else {@code null}. */
	@Nullable String type() {
		return this.type;
	}

	@Nullable Usage usage() {
		return this.usage;
	}

	/** The sequence number, or -1. */
	long sequenceNumber() {
		return this.sequenceNumber;
	}

	boolean isWithoutChoices() {
		return this.withoutChoices;
	}

	void forEachChoice(StreamEvent.ChoiceVisitor visitor) {
		for (int choice : this.choices) {
			visitor.visit(choice / 2, choice % 2 == 1);
		}
	}

	/** Whether the event starts or reports work that the client sees nothing of. */
	boolean mayPrecedePause() {
		if (this.kind != Kind.NO_CONTENT) {
			return false;
		}
		boolean opened = isAdded("output_item") && !"message".equals(this.item);
		return opened || (this.type != null && TOOL_PROGRESS.matcher(this.type).matches());
	}

	private Kind read(EventFields fields) {
		boolean errorEvent = "error".equals(this.type);
		if (!fields.hasData()) {
			this.type = errorEvent ? this.type : null;
			return errorEvent ? Kind.ERROR : Kind.NO_CONTENT;
		}
		if (fields.isDone()) {
			return errorEvent ? Kind.ERROR : Kind.DONE;
		}
		JsonTokens.Result result = JsonTokens.read(fields.bytes(), fields.from(), fields.to(), this::readData);
		if (result != JsonTokens.Result.WHOLE) {
			this.choices = NO_CHOICES;
			this.withoutChoices = false;
			// invalid UTF-8 in its message does not make an error content
			return (errorEvent || (this.error && result == JsonTokens.Result.MALFORMED)) ? Kind.ERROR : Kind.CONTENT;
		}
		if (errorEvent || this.error || "error".equals(this.type) || "response.failed".equals(this.type)) {
			return Kind.ERROR;
		}
		if (this.hasChoices) {
			return this.choicesHaveContent ? Kind.CONTENT : Kind.NO_CONTENT;
		}
		return (this.type != null && isWithoutContent(this.type)) ? Kind.NO_CONTENT : Kind.CONTENT;
	}

	private boolean isWithoutContent(String type) {
		if (PINGS.contains(type)) {
			return true;
		}
		if (!type.startsWith("response.")) {
			return false;
		}
		if (PROGRESS.contains(type.substring(type.lastIndexOf('.') + 1))) {
			return true;
		}
		if (isAdded("output_item") || "response.output_item.done".equals(type)) {
			return !this.itemHasContent && this.item != null;
		}
		return (isAdded("content_part") || isAdded("reasoning_summary_part")) && !this.itemHasContent;
	}

	private boolean isAdded(String part) {
		return ("response." + part + ".added").equals(this.type);
	}

	private void readData(JsonTokens json) {
		for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
			switch (name) {
				case "error" -> this.error = !json.isNull();
				case "choices" -> readChoices(json);
				case "type" -> {
					String text = json.text();
					this.type = (text != null) ? text : this.type;
				}
				// vLLM up to 0.8
				case "object" -> this.error |= "error".equals(json.text());
				case "item" -> readItem(json);
				case "part" -> readPart(json);
				case "usage" -> readUsage(json);
				case "response" -> readResponse(json);
				case "sequence_number" -> this.sequenceNumber = json.number();
				default -> {
				}
			}
			json.skip();
		}
	}

	private void readResponse(JsonTokens json) {
		if (!json.isObject()) {
			return;
		}
		for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
			if (name.equals("usage")) {
				readUsage(json);
			}
			json.skip();
		}
	}

	private void readUsage(JsonTokens json) {
		Usage found = Usage.read(json);
		this.usage = (found != null) ? found : this.usage;
	}

	/** Reads an item of a response. Known items may have no content yet. */
	private void readItem(JsonTokens json) {
		if (!json.isObject()) {
			return;
		}
		String named = null;
		for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
			switch (name) {
				case "type" -> named = json.text();
				case "content", "summary" -> this.itemHasContent |= !json.skipEmpty();
				default -> {
				}
			}
			json.skip();
		}
		if (named != null && (named.equals("message") || named.equals("reasoning") || HOSTED_TOOLS.contains(named))) {
			this.item = named;
		}
	}

	private void readPart(JsonTokens json) {
		if (!json.isObject()) {
			return;
		}
		for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
			if (name.equals("text") || name.equals("refusal")) {
				this.itemHasContent |= !json.skipEmpty();
			}
			json.skip();
		}
	}

	private void readChoices(JsonTokens json) {
		this.hasChoices = true;
		int[] found = NO_CHOICES;
		int count = 0;
		boolean known = json.isArray();
		if (known) {
			while (json.nextElement()) {
				int choice = json.isObject() ? readChoice(json) : -1;
				json.skip();
				known &= choice >= 0;
				found = (count < found.length) ? found : Arrays.copyOf(found, Math.max(1, 2 * count));
				found[count++] = choice;
			}
		}
		this.withoutChoices = known && count == 0;
		// anything but a list of choices is content
		this.choicesHaveContent |= !known;
		this.choices = !known ? NO_CHOICES : (count == found.length) ? found : Arrays.copyOf(found, count);
	}

	/**
	 * Returns twice the choice's index, plus 1 if it is finished; -1 for no valid index.
	 */
	private int readChoice(JsonTokens json) {
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
		this.choicesHaveContent |= hasContent || finished;
		return (index < 0 || index > MAX_INDEX) ? -1 : 2 * (int) index + (finished ? 1 : 0);
	}

	/** Returns whether there is content; the role alone is none. */
	private static boolean readDelta(JsonTokens json) {
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
