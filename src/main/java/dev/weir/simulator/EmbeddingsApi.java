package dev.weir.simulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Simulates {@code embeddings}: vectors of length 1 that depend on the input only.
 */
final class EmbeddingsApi {

	private static final int DEFAULT_DIMENSIONS = 16;

	private static final int MAX_DIMENSIONS = 3072;

	private static final int MAX_INPUTS = 2048;

	private EmbeddingsApi() {
	}

	static SimulatedResponse respond(SimulatedRequest request) {
		List<JsonNode> inputs = inputs(request.body().path("input"));
		int dimensions = dimensions(request.body().path("dimensions"));
		boolean base64 = "base64".equals(request.body().path("encoding_format").asString(""));
		ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list").put("model", request.model());
		ArrayNode data = list.putArray("data");
		for (JsonNode input : inputs) {
			float[] vector = vector(input.toString(), dimensions);
			data.addObject()
				.put("object", "embedding")
				.put("index", data.size() - 1)
				.set("embedding", base64 ? base64(vector) : floats(vector));
		}
		list.set("usage", request.usage().forEmbeddings());
		return SimulatedResponse.json(list);
	}

	private static List<JsonNode> inputs(JsonNode input) {
		if (input.isString()) {
			return List.of(input);
		}
		if (!input.isArray() || input.isEmpty() || input.size() > MAX_INPUTS) {
			throw SimulatedErrorException
				.invalid("'input' must be a string or an array of 1 to %d items.".formatted(MAX_INPUTS), "input");
		}
		boolean tokens = input.path(0).isIntegralNumber();
		return tokens ? List.of(input) : input.valueStream().toList();
	}

	private static int dimensions(JsonNode dimensions) {
		if (dimensions.isMissingNode() || dimensions.isNull()) {
			return DEFAULT_DIMENSIONS;
		}
		int value = dimensions.asInt(0);
		if (value < 1 || value > MAX_DIMENSIONS) {
			throw SimulatedErrorException.invalid("'dimensions' must be 1 to %d.".formatted(MAX_DIMENSIONS),
					"dimensions");
		}
		return value;
	}

	private static float[] vector(String input, int dimensions) {
		SplittableRandom numbers = new SplittableRandom(input.hashCode());
		double[] direction = numbers.doubles(dimensions, -1, 1).toArray();
		double length = 0;
		for (double component : direction) {
			length += component * component;
		}
		float[] vector = new float[dimensions];
		for (int i = 0; i < dimensions; i++) {
			vector[i] = (float) (direction[i] / Math.sqrt(length));
		}
		return vector;
	}

	private static JsonNode floats(float[] vector) {
		ArrayNode array = JsonNodeFactory.instance.arrayNode(vector.length);
		for (float component : vector) {
			array.add(component);
		}
		return array;
	}

	private static JsonNode base64(float[] vector) {
		ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
		bytes.asFloatBuffer().put(vector);
		return JsonNodeFactory.instance.stringNode(Base64.getEncoder().encodeToString(bytes.array()));
	}

}
