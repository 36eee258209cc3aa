package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.StoredObject;

/**
 * The fields of a multipart body that Weir needs. Files are skipped.
 *
 * @param boundary the boundary between the parts
 * @param model the model, or {@code null} if it is absent or blank
 * @param hasModel whether there is a field {@code model}, whatever its value
 * @param stream whether {@code stream} is {@code true}; the last one counts
 * @param from the index of the model's first byte; without the field that of the first
 * delimiter
 * @param to the index after the model; without the field equal to {@code from}
 * @param objects the stored objects that the fields name
 * @param purpose the value of {@code purpose}, or {@code null} if it is absent
 * @param problem why the fields may name other objects, too, or {@code null}
 */
record MultipartScan(MultipartBoundary boundary, @Nullable String model, boolean hasModel, boolean stream, int from,
		int to, List<NamedObject> objects, @Nullable String purpose, @Nullable ApiErrorException problem) {

	static MultipartScan of(byte[] body, MultipartBoundary boundary, IdShape shape) {
		MultipartReader reader = new MultipartReader(body, boundary);
		String model = null;
		boolean hasModel = false;
		boolean stream = false;
		int from = reader.start();
		int to = from;
		List<NamedObject> objects = new ArrayList<>(0);
		String purpose = null;
		ApiErrorException problem = null;
		for (MultipartReader.Part part = reader.next(); part != null; part = reader.next()) {
			IdShape field = shapeOf(part.name(), shape);
			boolean ofModel = part.name().equalsIgnoreCase("model");
			if (part.file() && !ofModel && (field == null || !field.isId())) {
				continue;
			}
			if (ofModel && !part.name().equals("model")) {
				problem = BodyProblem.misspeltModel();
			}
			else if (ofModel) {
				if (part.file()) {
					throw MalformedRequestException.ofModel("The value of 'model' must not be a file");
				}
				if (hasModel) {
					throw MalformedRequestException.ofModel("The request body has more than one 'model'");
				}
				hasModel = true;
				model = modelOf(body, part);
				from = part.from();
				to = part.to();
			}
			else if (part.name().equals("stream")) {
				stream = part.to() - part.from() == 4
						&& new String(body, part.from(), 4, StandardCharsets.ISO_8859_1).equals("true");
			}
			else if (part.name().equals("purpose")) {
				purpose = shortText(body, part);
			}
			else if (field != null && field.isId()) {
				String id = shortText(body, part);
				NamedObject named = field.named(id);
				if (id == null && field.mustBeKnown()) {
					problem = BodyProblem.longId();
				}
				else if (named != null && objects.size() == IdCollector.MAX_OBJECTS) {
					problem = BodyProblem.tooManyObjects();
				}
				else if (named != null) {
					objects.add(named);
				}
			}
		}
		return new MultipartScan(boundary, model, hasModel, stream, from, to, List.copyOf(objects), purpose, problem);
	}

	/**
	 * The shape of a field. Clients write the elements of a list and the properties of an
	 * object with brackets behind the name: {@code file_ids[]}, {@code video[id]}.
	 */
	private static @Nullable IdShape shapeOf(String name, IdShape shape) {
		int open = name.indexOf('[');
		IdShape found = shape.property((open > 0) ? name.substring(0, open) : name);
		while (open > 0 && found != null) {
			int close = name.indexOf(']', open);
			String inner = (close > 0) ? name.substring(open + 1, close) : "";
			boolean element = inner.chars().allMatch((c) -> c >= '0' && c <= '9');
			found = element ? found : found.property(inner);
			open = (close > 0) ? name.indexOf('[', close) : -1;
		}
		return found;
	}

	private static @Nullable String shortText(byte[] body, MultipartReader.Part part) {
		int length = part.to() - part.from();
		if (length > 4 * StoredObject.MAX_ID) {
			return null;
		}
		String text = new String(body, part.from(), length, StandardCharsets.UTF_8);
		return (text.length() <= StoredObject.MAX_ID) ? text : null;
	}

	private static @Nullable String modelOf(byte[] body, MultipartReader.Part part) {
		int length = part.to() - part.from();
		if (length > 4 * ModelName.MAX_LENGTH) {
			throw MalformedRequestException.ofModel("The value of 'model' " + ModelName.TOO_LONG);
		}
		try {
			String name = StandardCharsets.UTF_8.newDecoder()
				.decode(ByteBuffer.wrap(body, part.from(), length))
				.toString();
			return name.isBlank() ? null : ModelName.fromClient(name);
		}
		catch (CharacterCodingException ex) {
			throw MalformedRequestException.ofModel("The value of 'model' is not valid UTF-8");
		}
	}

}
