package dev.weir.api;

import java.io.StringWriter;
import java.nio.charset.StandardCharsets;

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
		// through characters: the generator of bytes fails on half a surrogate pair,
		// which a message that quotes a client may have
		StringWriter text = new StringWriter(128 + this.message.length());
		try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
			json.writeStartObject();
			json.writeObjectPropertyStart("error");
			json.writeStringProperty("message", this.message);
			json.writeStringProperty("type", this.type);
			json.writeStringProperty("param", this.param);
			json.writeStringProperty("code", this.code);
			json.writeEndObject();
			json.writeEndObject();
		}
		return text.toString().getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * Reads the reason from a backend's error body, whoever wrote it. Known are
	 * {@code {"error":{"code":…,"type":…}}} of OpenAI and Azure OpenAI; else the top
	 * level is read, where Azure's gateway has {@code statusCode} and some compatible
	 * servers have {@code code} and {@code type}. Never fails.
	 * @param body the body, perhaps cut off; what is found before its end counts
	 * @return the reason, both parts {@code null} if there is none to be found
	 */
	public static ApiErrorCode read(byte[] body) {
		return ErrorReader.read(body);
	}

}
