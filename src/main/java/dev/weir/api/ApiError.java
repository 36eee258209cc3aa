package dev.weir.api;

import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * An error in the shape that OpenAI's API gives it and its SDKs read:
 * {@code {"error":{"message":…,"type":…,"param":…,"code":…}}} (OpenAI's API
 * specification, schema {@code ErrorResponse}).
 *
 * @param status the HTTP status it is sent with, 400 to 599
 * @param message what is wrong and what helps, for a developer to read
 * @param type the kind of error, such as {@code invalid_request_error}
 * @param param the request's parameter that is wrong, or {@code null}
 * @param code the reason, for a program to read, or {@code null}
 */
public record ApiError(int status, String message, String type, @Nullable String param, @Nullable String code) {

	private static final JsonFactory FACTORY = new JsonFactory();

	/**
	 * Returns the error as a response body.
	 * @return JSON in UTF-8
	 */
	public byte[] toJson() {
		return write((json) -> {
			json.writeObjectPropertyStart("error");
			json.writeStringProperty("message", this.message);
			json.writeStringProperty("type", this.type);
			json.writeStringProperty("param", this.param);
			json.writeStringProperty("code", this.code);
			json.writeEndObject();
		});
	}

	/**
	 * Returns the error as the last event of a stream that has begun, in the form that
	 * the operation's SDKs raise: the responses API has an event of its own for it
	 * (OpenAI's API specification, schema {@code ResponseErrorEvent}), all others get
	 * {@code {"error":{…}}}. No {@code [DONE]} follows it.
	 * @param operation what was asked for
	 * @param last the last event with data that the client got, whose sequence number is
	 * continued; {@code null} if there was none
	 * @return the event with the blank line that ends it, in UTF-8
	 */
	public byte[] toEvent(Operation operation, @Nullable StreamEvent last) {
		byte[] data = (operation == Operation.RESPONSES) ? toResponsesEvent(last) : toJson();
		String field = (operation == Operation.RESPONSES) ? "event: error\ndata: " : "data: ";
		ByteBuffer event = ByteBuffer.allocate(field.length() + data.length + 2);
		return event.put(field.getBytes(StandardCharsets.US_ASCII)).put(data).put((byte) '\n').put((byte) '\n').array();
	}

	private byte[] toResponsesEvent(@Nullable StreamEvent last) {
		return write((json) -> {
			json.writeStringProperty("type", "error");
			// the event has no place for the type, so that it stands in for the code
			json.writeStringProperty("code", (this.code != null) ? this.code : this.type);
			json.writeStringProperty("message", this.message);
			json.writeStringProperty("param", this.param);
			json.writeNumberProperty("sequence_number", (last != null) ? last.sequenceNumber() + 1 : 0);
		});
	}

	private byte[] write(Consumer<JsonGenerator> properties) {
		// through characters: the generator of bytes fails on half a surrogate pair,
		// which a message that quotes a client may have
		StringWriter text = new StringWriter(128 + this.message.length());
		try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
			json.writeStartObject();
			properties.accept(json);
			json.writeEndObject();
		}
		return text.toString().getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * Reads the reason from a backend's error body, whoever wrote it. Known are
	 * {@code {"error":{"code":…,"type":…}}} of OpenAI and Azure OpenAI, also in an array
	 * as Gemini sends it; else the top level is read, where Azure's gateway has
	 * {@code statusCode}, some compatible servers have {@code code} and {@code type}, and
	 * others a text as {@code error}, {@code detail} or {@code message}; else the body
	 * itself is the message, unless it is a page. Never fails.
	 * @param body the body, perhaps cut off; what is found before its end counts
	 * @return the reason, all parts {@code null} if there is none to be found
	 */
	public static ApiErrorCode read(byte[] body) {
		return ErrorReader.read(body);
	}

}
