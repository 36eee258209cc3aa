package dev.weir.config.load;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

import org.springframework.util.unit.DataSize;

import dev.weir.config.PoolProperties;
import dev.weir.config.WeirProperties;
import dev.weir.config.Range;

/**
 * Generates the JSON schema, which gives editors completion and checks for
 * {@code application.yml}.
 */
final class PropertySchema {

	private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

	/** A definition of each type that is written as a text. */
	private static final String DEFINITIONS = """
			{
			  "reference": {
			    "description": "A reference to a variable or another property, with an optional default: ${NAME:default}.",
			    "type": "string",
			    "pattern": "\\\\$\\\\{.+\\\\}"
			  },
			  "duration": {
			    "anyOf": [
			      {
			        "description": "A whole number and its unit: ns, us, ms, s, m, h or d.",
			        "type": "string",
			        "pattern": "^(0|\\\\d+(ns|us|ms|s|m|h|d))$"
			      },
			      { "description": "ISO 8601.", "type": "string", "pattern": "^P[0-9DTHMS.]+$" },
			      { "description": "0 needs no unit.", "enum": [ 0, null ] }
			    ]
			  },
			  "size": {
			    "anyOf": [
			      {
			        "description": "A whole number and its unit: B, KB, MB or GB.",
			        "type": "string",
			        "pattern": "^(0|\\\\d+(B|KB|MB|GB))$"
			      },
			      { "description": "0 needs no unit.", "enum": [ 0, null ] }
			    ]
			  }
			}
			""";

	private static final String URL = "^[hH][tT][tT][pP][sS]?://[^/?#@\\s]+(/[^?#\\s]*)?$";

	private final ObjectNode definitions = (ObjectNode) JsonMapper.shared().readTree(DEFINITIONS);

	private PropertySchema() {
	}

	static String generate() {
		ObjectNode root = NODES.objectNode();
		root.put("$schema", "https://json-schema.org/draft/2020-12/schema");
		root.put("title", "application.yml of Weir");
		root.put("description", "Everything below weir. Spring's properties are not described here.");
		root.put("type", "object");
		PropertySchema schema = new PropertySchema();
		ObjectNode weir = root.withObject("properties").putObject("weir");
		weir.put("description", "Weir's settings.");
		schema.describeRecord(WeirProperties.class, weir, types("object", "null"));
		ObjectNode simulator = weir.withObject("properties").putObject("simulator");
		simulator.put("description", "The simulated backends of the profile demo.");
		simulator.set("type", types("object", "null"));
		root.set("$defs", schema.definitions);
		Separators separators = Separators.createDefaultInstance().withObjectNameValueSpacing(Separators.Spacing.AFTER);
		DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
		return JsonMapper.shared()
			.writer()
			.with(new DefaultPrettyPrinter(separators).withObjectIndenter(indenter).withArrayIndenter(indenter))
			.writeValueAsString(root) + "\n";
	}

	private void describeRecord(Class<?> record, ObjectNode schema, JsonNode type) {
		schema.set("type", type);
		schema.put("additionalProperties", false);
		ObjectNode properties = schema.putObject("properties");
		for (PropertyReference property : PropertyReference.of(record, "")) {
			if (!property.path().contains(".")) {
				describe(property, properties.putObject(property.path()));
			}
			if (property.setting().required() && !property.path().contains(".")) {
				schema.withArray("required").add(property.path());
			}
		}
	}

	private void describe(PropertyReference property, ObjectNode schema) {
		String range = (property.range() != null)
				? " Range: " + property.range().min() + " to " + property.range().max() + "." : "";
		schema.put("description", property.description() + range);
		Class<?> type = property.type();
		if (property.isSection()) {
			describeRecord(type, schema, types("object", "null"));
		}
		else if (property.isMap() && property.entryType().isRecord()) {
			schema.set("type", types("object", "null"));
			schema.put("additionalProperties", false);
			schema.putObject("patternProperties").set(whole(PoolCheck.NAME), definition(property.entryType()));
		}
		else if (property.isMap()) {
			schema.set("type", types("object", "null"));
			schema.putObject("additionalProperties").set("type", types("string", "number"));
		}
		else if (type == Set.class) {
			schema.set("type", types("array", "string", "null"));
			schema.putObject("items").put("type", "string");
		}
		else if (type == List.class && !property.entryType().isRecord()) {
			// Spring splits a text at its commas
			schema.set("type", types("array", "string", "null"));
			schema.putObject("items").put("type", "string");
		}
		else if (type == List.class) {
			schema.set("type", types("array", "null"));
			schema.set("items", definition(property.entryType()));
		}
		else {
			describeValue(property, schema);
		}
		addRules(property.setting().name(), schema);
	}

	private static void describeValue(PropertyReference property, ObjectNode schema) {
		Class<?> type = property.type();
		String value = property.defaultValue();
		if (type == int.class) {
			ObjectNode number = NODES.objectNode().put("type", "integer");
			number.put("minimum", Integer.parseInt(property.range().min()));
			number.put("maximum", Integer.parseInt(property.range().max()));
			orReference(schema, number);
			schema.put("default", Integer.parseInt(value));
			return;
		}
		if (type == Integer.class || type == Long.class) {
			ObjectNode number = NODES.objectNode();
			number.set("type", types("integer", "null"));
			number.put("minimum", Long.parseLong(property.range().min()));
			number.put("maximum", Long.parseLong(property.range().max()));
			orReference(schema, number);
			return;
		}
		if (type == boolean.class) {
			orReference(schema, NODES.objectNode().put("type", "boolean"));
			schema.put("default", Boolean.parseBoolean(value));
			return;
		}
		if (type == Duration.class || type == DataSize.class) {
			orReference(schema, reference((type == Duration.class) ? "duration" : "size"));
		}
		else if (type.isEnum()) {
			ArrayNode names = NODES.arrayNode();
			PropertyTable.names(type).forEach(names::add);
			orReference(schema, NODES.objectNode().set("enum", (value != null) ? names : names.addNull()));
		}
		else if (type != URI.class && !property.setting().required()) {
			schema.set("type", types("string", "null"));
		}
		if (value != null) {
			schema.put("default", value);
		}
	}

	/** Adds the rules that the checks have in code. */
	private static void addRules(String property, ObjectNode schema) {
		switch (property) {
			case "name" -> orReference(schema, text("^[A-Za-z0-9._-]{1,63}$"));
			case "url" -> addExample(orReference(schema, text(URL)), "https://my-east.openai.azure.com");
			case "api-key" -> addExample(schema, "${OPENAI1_KEY}");
			case "api-key-header" -> addExample(schema.put("pattern", whole(HeaderCheck.TOKEN) + "|^\\$\\{[^}]+\\}$"),
					"Ocp-Apim-Subscription-Key");
			case "models" -> {
				if (!schema.has("items")) {
					schema.withArray("examples").addObject().put("gpt-4o", "my-gpt-4o");
				}
			}
			case "key" -> addExample(schema, "${CHAT_KEY}");
			case "key-sha256" -> schema.withObject("items").put("pattern", "^[0-9a-fA-F]{64}$|^\\$\\{[^}]+\\}$");
			case "expires" -> addExample(schema, "2027-01-31");
			case "api-version" -> {
				ObjectNode version = NODES.objectNode();
				version.set("type", schema.remove("type"));
				version.put("pattern", whole(BackendCheck.API_VERSION));
				addExample(orReference(schema, version), "2024-10-21");
			}
			case "scope" -> schema.put("pattern", "^\\S+$");
			case "forward-headers" -> {
				schema.put("maxItems", HeaderCheck.MAX_FORWARDED).put("uniqueItems", true);
				schema.withObject("items").put("pattern", whole(HeaderCheck.TOKEN));
			}
			default -> {
				// the type, the default and the range are sufficient
			}
		}
	}

	private static void addExample(ObjectNode schema, String example) {
		schema.withArray("examples").add(example);
	}

	private JsonNode definition(Class<?> record) {
		String name = record.getSimpleName().replace("Properties", "").toLowerCase(Locale.ROOT);
		if (!this.definitions.has(name)) {
			describeRecord(record, this.definitions.putObject(name),
					(record == PoolProperties.class) ? types("object", "null") : NODES.stringNode("object"));
		}
		return reference(name);
	}

	private static ObjectNode orReference(ObjectNode schema, JsonNode value) {
		schema.putArray("anyOf").add(value).add(reference("reference"));
		return schema;
	}

	private static ObjectNode reference(String definition) {
		return NODES.objectNode().put("$ref", "#/$defs/" + definition);
	}

	private static ObjectNode text(String pattern) {
		return NODES.objectNode().put("type", "string").put("pattern", pattern);
	}

	private static ArrayNode types(String... names) {
		ArrayNode types = NODES.arrayNode();
		for (String name : names) {
			types.add(name);
		}
		return types;
	}

	private static String whole(Pattern pattern) {
		return "^" + pattern.pattern() + "$";
	}

}
