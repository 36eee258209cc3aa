package dev.weir.openai.stream;

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

	/** The last list of choices. */
	private @Nullable EventChoices choices;

	private boolean choicesHaveContent;

	private boolean error;

	private boolean itemHasContent;

	private @Nullable String item;

	private EventMeaning(@Nullable String type) {
		this.type = type;
	}

	static EventMeaning of(ParsedEvent fields) {
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
		return this.choices != null && this.choices.isEmptyList();
	}

	void forEachChoice(StreamEvent.ChoiceVisitor visitor) {
		if (this.choices != null) {
			this.choices.forEach(visitor);
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

	private Kind read(ParsedEvent fields) {
		boolean errorEvent = "error".equals(this.type);
		if (!fields.hasData()) {
			this.type = errorEvent ? this.type : null;
			return errorEvent ? Kind.ERROR : Kind.NO_CONTENT;
		}
		if (fields.isDone()) {
			return errorEvent ? Kind.ERROR : Kind.DONE;
		}
		JsonTokenReader.Result result = JsonTokenReader.read(fields.bytes(), fields.from(), fields.to(),
				this::readData);
		if (errorEvent) {
			this.type = "error";
			this.choices = null;
			return Kind.ERROR;
		}
		boolean failed = this.error || "error".equals(this.type) || "response.failed".equals(this.type);
		if (result != JsonTokenReader.Result.WHOLE) {
			this.choices = null;
			// an error with invalid UTF-8 in its message is still an error
			return (failed && result == JsonTokenReader.Result.MALFORMED) ? Kind.ERROR : Kind.CONTENT;
		}
		if (failed) {
			return Kind.ERROR;
		}
		if (this.choices != null) {
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

	private void readData(JsonTokenReader json) {
		for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
			switch (name) {
				case "error" -> this.error = !json.isNull();
				case "choices" -> {
					this.choices = EventChoices.read(json);
					this.choicesHaveContent |= this.choices.hasContent();
				}
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

	private void readResponse(JsonTokenReader json) {
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

	private void readUsage(JsonTokenReader json) {
		Usage found = Usage.read(json);
		this.usage = (found != null) ? found : this.usage;
	}

	/** Reads an item of a response. Known items may have no content yet. */
	private void readItem(JsonTokenReader json) {
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

	private void readPart(JsonTokenReader json) {
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

}
