package dev.weir.openai.call;

import java.util.Collection;
import java.util.SortedSet;
import java.util.TreeSet;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.body.ModelName;

/**
 * Writes and reads lists of models ({@code GET /models}).
 */
public final class ModelList {

	private static final JsonMapper JSON = JsonMapper.shared();

	private ModelList() {
	}

	/**
	 * Writes a list of models.
	 * @param models the names
	 * @param dialect the dialect of the call
	 * @return the JSON, in UTF-8
	 */
	public static byte[] of(Collection<String> models, ClientDialect dialect) {
		ObjectNode list = JSON.createObjectNode().put("object", "list");
		ArrayNode data = list.putArray("data");
		models.forEach((model) -> data.add(model(model, dialect)));
		return JSON.writeValueAsBytes(list);
	}

	/**
	 * Writes the description of one model.
	 * @param model the name
	 * @param dialect the dialect of the call
	 * @return the JSON, in UTF-8
	 */
	public static byte[] one(String model, ClientDialect dialect) {
		return JSON.writeValueAsBytes(model(model, dialect));
	}

	/**
	 * Reads the list of a backend: the {@code id} of each element of {@code data}
	 * (OpenAI's API specification, schema {@code ListModelsResponse}).
	 * @param body the JSON
	 * @return the sorted names, without those that are not valid in a request
	 * @throws JacksonException if the body is not JSON
	 */
	public static SortedSet<String> read(byte[] body) {
		SortedSet<String> names = new TreeSet<>();
		for (JsonNode model : JSON.readTree(body).path("data")) {
			String name = model.path("id").stringValue("");
			if (ModelName.isAllowed(name)) {
				names.add(name);
			}
		}
		return names;
	}

	private static ObjectNode model(String name, ClientDialect dialect) {
		ObjectNode model = JSON.createObjectNode().put("id", name).put("object", "model");
		// clients require the time of creation, which is unknown
		return (dialect == ClientDialect.AZURE) ? model.put("status", "succeeded").put("created_at", 0)
				: model.put("created", 0).put("owned_by", "weir");
	}

}
