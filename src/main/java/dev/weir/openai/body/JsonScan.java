package dev.weir.openai.body;

import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.NamedObject;

/**
 * The top-level properties of a JSON body that Weir needs. The whole body is parsed, so
 * an invalid one is detected, but no value except the model and ids is decoded.
 *
 * @param model the model, or {@code null} if it is absent, {@code null} or blank
 * @param hasModel whether there is a property {@code model}, whatever its value
 * @param stream whether {@code stream} is {@code true}; the last one counts, as in most
 * parsers
 * @param store the value of {@code store}, {@code null} if it is absent or not a boolean;
 * the last one counts
 * @param audio whether there is an object {@code audio}
 * @param empty whether the object has no properties
 * @param from the index of the first byte of the model's value, such as its quote;
 * without the property the index after the opening brace
 * @param to the index after the model's value; without the property equal to {@code from}
 * @param objects the stored objects that the body names
 * @param purpose the value of {@code purpose}, {@code null} if it is absent or not read
 * @param output what the body says about its output
 * @param problem why the body may name models or objects that were not read, or
 * {@code null}
 */
record JsonScan(@Nullable String model, boolean hasModel, boolean stream, @Nullable Boolean store, boolean audio,
		boolean empty, int from, int to, List<NamedObject> objects, @Nullable String purpose, AskedOutput output,
		@Nullable ApiErrorException problem) {

	private static final int MAX_DEPTH = 500;

	private static final String MODEL = "model";

	private static final JsonFactory FACTORY = JsonFactory.builder()
		// RFC 8259, section 8.1: JSON between systems is UTF-8
		.disable(TokenStreamFactory.Feature.CHARSET_DETECTION)
		.streamReadConstraints(StreamReadConstraints.builder()
			.maxNestingDepth(MAX_DEPTH)
			// checked for decoded strings only, that is, for the model
			.maxStringLength(4 * ModelName.MAX_LENGTH)
			.build())
		.recyclerPool(JsonRecyclerPools.threadLocalPool())
		.build();

	private static final ThreadLocal<Factory> FACTORIES = ThreadLocal.withInitial(Factory::new);

	/**
	 * Parses a body.
	 * @param body the body
	 * @param strict whether a model that is neither a string nor {@code null} is refused;
	 * otherwise it is ignored
	 * @param shape where the body names stored objects
	 * @param prompt finds the parts of the prompt in the same pass, {@code null} if they
	 * are not needed
	 * @return the properties
	 * @throws MalformedRequestException if the body is not a JSON object or its model is
	 * not valid
	 */
	static JsonScan of(byte[] body, boolean strict, IdShape shape, @Nullable PromptScan prompt) {
		int start = startOfObject(body);
		if (start < 0) {
			throw new MalformedRequestException("The request body is not a JSON object");
		}
		try (JsonParser parser = parser(body, start)) {
			try {
				return scan(parser, body, start, strict, shape, prompt);
			}
			catch (JacksonException ex) {
				throw explain(ex, parser, start);
			}
		}
	}

	static JsonParser parser(byte[] body, int start) {
		return FACTORIES.get()
			.forBody(body.length)
			.createParser(ObjectReadContext.empty(), body, start, body.length - start);
	}

	/**
	 * Finds the brace that opens the object, after white space and a byte order mark,
	 * which RFC 8259, section 8.1, lets a reader ignore.
	 * @param body the body
	 * @return the index of the brace, or -1 if something else comes first
	 */
	static int startOfObject(byte[] body) {
		int i = 0;
		if (body.length > 2 && body[0] == (byte) 0xEF && body[1] == (byte) 0xBB && body[2] == (byte) 0xBF) {
			i = 3;
		}
		while (i < body.length && (body[i] == ' ' || body[i] == '\n' || body[i] == '\r' || body[i] == '\t')) {
			i++;
		}
		return (i < body.length && body[i] == '{') ? i : -1;
	}

	private static JsonScan scan(JsonParser parser, byte[] body, int start, boolean strict, IdShape shape,
			@Nullable PromptScan prompt) {
		IdCollector ids = new IdCollector(parser, body, start);
		String purpose = null;
		AskedOutput output = AskedOutput.NONE;
		String model = null;
		boolean hasModel = false;
		boolean misspelt = false;
		boolean stream = false;
		Boolean store = null;
		boolean audio = false;
		boolean empty = true;
		int from = start + 1;
		int to = from;
		parser.nextToken();
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			empty = false;
			JsonToken value = parser.nextToken();
			if (name.length() == MODEL.length() && name.equalsIgnoreCase(MODEL)) {
				// servers in Go ignore the case of names
				if (hasModel || misspelt) {
					throw MalformedRequestException.ofModel("The request body has more than one 'model'");
				}
				misspelt = !name.equals(MODEL);
				if (misspelt) {
					parser.skipChildren();
					continue;
				}
				hasModel = true;
				model = modelOf(parser, value, strict);
				from = start + (int) parser.currentTokenLocation().getByteOffset();
				parser.skipChildren();
				to = start + (int) parser.currentLocation().getByteOffset();
			}
			else if (name.equals("stream")) {
				stream = value == JsonToken.VALUE_TRUE;
			}
			else if (name.equals("store")) {
				store = (value == JsonToken.VALUE_TRUE) ? Boolean.TRUE
						: (value == JsonToken.VALUE_FALSE) ? Boolean.FALSE : null;
			}
			else if (AskedOutput.isPart(name)) {
				output = (output == AskedOutput.NONE) ? new AskedOutput() : output;
				output.read(name, value, parser, start);
			}
			else if (name.equals("purpose")) {
				purpose = ids.shortString();
			}
			else if (name.equals("audio")) {
				audio = value == JsonToken.START_OBJECT;
			}
			else {
				IdShape ofProperty = shape.property(name);
				if (prompt == null || !prompt.read(name, value, parser, start, ids, ofProperty)) {
					ids.read(ofProperty);
				}
			}
			parser.skipChildren();
		}
		if (parser.nextToken() != null) {
			throw new MalformedRequestException("The request body has data after its JSON object");
		}
		return new JsonScan(model, hasModel, stream, store, audio, empty, from, to, ids.objects(), purpose, output,
				misspelt ? BodyProblem.misspeltModel() : ids.problem());
	}

	private static @Nullable String modelOf(JsonParser parser, JsonToken value, boolean strict) {
		if (value == JsonToken.VALUE_NULL || (value != JsonToken.VALUE_STRING && !strict)) {
			return null;
		}
		if (value != JsonToken.VALUE_STRING) {
			throw MalformedRequestException.ofModel("The value of 'model' must be a string, not " + switch (value) {
				case START_OBJECT -> "an object";
				case START_ARRAY -> "an array";
				case VALUE_TRUE, VALUE_FALSE -> "a boolean";
				default -> "a number";
			});
		}
		try {
			String name = parser.getString();
			return name.isBlank() ? null : ModelName.fromClient(name);
		}
		catch (StreamConstraintsException ex) {
			throw MalformedRequestException.ofModel("The value of 'model' " + ModelName.TOO_LONG);
		}
	}

	/** Jackson's messages quote the body, so they must not be sent or logged. */
	private static MalformedRequestException explain(JacksonException ex, JsonParser parser, int start) {
		if (ex instanceof StreamConstraintsException) {
			return new MalformedRequestException((parser.streamReadContext().getNestingDepth() >= MAX_DEPTH)
					? "The request body nests deeper than " + MAX_DEPTH + " levels"
					: "The request body has a number of more than 1,000 digits"
							+ " or a property name of more than 50,000 characters");
		}
		if (ex instanceof UnexpectedEndOfInputException) {
			return new MalformedRequestException("The request body ends before its JSON object does");
		}
		return new MalformedRequestException(
				"The request body is not valid JSON near byte " + (start + parser.currentLocation().getByteOffset()));
	}

	/**
	 * A factory caches property names, which makes repeated ones cheap. They come from
	 * clients, so the cache is dropped after a megabyte of bodies.
	 */
	private static final class Factory {

		private static final int MAX_BYTES = 1024 * 1024;

		private JsonFactory current = FACTORY.copy();

		private int bytes;

		JsonFactory forBody(int length) {
			if (length >= MAX_BYTES) {
				return FACTORY.copy();
			}
			this.bytes += length;
			if (this.bytes > MAX_BYTES) {
				this.bytes = length;
				this.current = FACTORY.copy();
			}
			return this.current;
		}

	}

}
