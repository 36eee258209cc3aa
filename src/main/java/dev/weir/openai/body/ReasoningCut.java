package dev.weir.openai.body;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

import dev.weir.openai.stored.ContentHash;
import dev.weir.openai.stored.StoredObject;

/**
 * Leaves reasoning items out of the {@code input} of a request of the responses API, and
 * the ids of the items that were made with them: a backend refuses a message or a call of
 * a function whose id it connects with reasoning that is missing. The body is parsed for
 * this only when it is needed.
 */
final class ReasoningCut {

	/**
	 * Records of tools that run at the backend. They must have an id, so they cannot stay
	 * without their reasoning.
	 */
	private static final Set<String> HOSTED_TOOLS = Set.of("web_search_call", "file_search_call",
			"code_interpreter_call", "image_generation_call", "mcp_list_tools");

	/** Their id must be present. */
	private static final Set<String> WITH_ID = Set.of("item_reference", "computer_call", "local_shell_call", "mcp_call",
			"mcp_approval_request");

	/** Messages of the client depend on no reasoning. */
	private static final Set<String> ROLES_OF_CLIENT = Set.of("user", "system", "developer");

	private final byte[] body;

	private final int start;

	private final List<Item> items = new ArrayList<>();

	/** The index of the bracket that opens the input, or -1. */
	private int from = -1;

	/** The index after the bracket that closes the input. */
	private int to;

	private ReasoningCut(byte[] body, int start) {
		this.body = body;
		this.start = start;
	}

	/**
	 * Leaves reasoning out.
	 * @param body a body that was parsed before
	 * @param unwanted whether the reasoning with a {@linkplain ContentHash hash} is left
	 * out; reasoning without content is tested by its id
	 * @return the new body, or {@code null} if it has no such reasoning
	 */
	static byte @Nullable [] apply(byte[] body, Predicate<String> unwanted) {
		ReasoningCut cut = new ReasoningCut(body, JsonScan.startOfObject(body));
		cut.read();
		return cut.write(unwanted);
	}

	private void read() {
		try (JsonParser parser = JsonScan.parser(this.body, this.start)) {
			parser.nextToken();
			for (String name = parser.nextName(); name != null; name = parser.nextName()) {
				if (parser.nextToken() == JsonToken.START_ARRAY && name.equals("input")) {
					this.items.clear();
					this.from = offset(parser);
					while (parser.nextToken() != JsonToken.END_ARRAY) {
						this.items.add(item(parser));
					}
					this.to = end(parser);
				}
				parser.skipChildren();
			}
		}
	}

	private int offset(JsonParser parser) {
		return this.start + (int) parser.currentTokenLocation().getByteOffset();
	}

	private int end(JsonParser parser) {
		return this.start + (int) parser.currentLocation().getByteOffset();
	}

	private Item item(JsonParser parser) {
		int begin = offset(parser);
		String type = "";
		String role = "";
		String hash = null;
		String id = "";
		List<int[]> ids = new ArrayList<>(1);
		if (parser.currentToken() == JsonToken.START_OBJECT) {
			for (String name = parser.nextName(); name != null; name = parser.nextName()) {
				int property = offset(parser);
				JsonToken value = parser.nextToken();
				boolean text = value == JsonToken.VALUE_STRING;
				int valueBegin = offset(parser);
				boolean isShort = text && endOfString(valueBegin) - valueBegin <= StoredObject.MAX_ID;
				switch (name) {
					case "type" -> type = isShort ? parser.getString() : "";
					case "role" -> role = isShort ? parser.getString() : "";
					case "id" -> id = isShort ? parser.getString() : "";
					default -> {
					}
				}
				parser.skipChildren();
				int valueEnd = text ? endOfString(valueBegin) : end(parser);
				if (name.equals("id")) {
					ids.add(new int[] { property, valueEnd });
				}
				else if (name.equals("encrypted_content") && text) {
					hash = ContentHash.of(this.body, valueBegin + 1, valueEnd - 1);
				}
			}
		}
		return new Item(begin, end(parser), type, role, (hash != null) ? hash : id, ids);
	}

	/** The parser finds the end of a string only by decoding it. */
	private int endOfString(int quote) {
		int i = quote + 1;
		while (this.body[i] != '"') {
			i += (this.body[i] == '\\') ? 2 : 1;
		}
		return i + 1;
	}

	private byte @Nullable [] write(Predicate<String> unwanted) {
		ByteArrayOutputStream kept = new ByteArrayOutputStream(this.to - Math.max(0, this.from));
		boolean any = false;
		boolean depends = false;
		for (Item item : this.items) {
			boolean removed = item.isReasoning() && unwanted.test(item.key());
			any |= removed;
			depends = removed || (depends && !item.isReasoning() && !ROLES_OF_CLIENT.contains(item.role()));
			if (!removed && !(depends && HOSTED_TOOLS.contains(item.type()))) {
				if (kept.size() > 0) {
					kept.write(',');
				}
				write(kept, item, depends && !WITH_ID.contains(item.type()));
			}
		}
		if (!any) {
			return null;
		}
		ByteArrayOutputStream all = new ByteArrayOutputStream(this.body.length);
		all.write(this.body, 0, this.from + 1);
		all.writeBytes(kept.toByteArray());
		all.write(this.body, this.to - 1, this.body.length - this.to + 1);
		return all.toByteArray();
	}

	private void write(ByteArrayOutputStream to, Item item, boolean withoutId) {
		int begin = item.from();
		if (withoutId) {
			for (int[] id : item.ids()) {
				int left = id[0];
				int right = skipSpace(id[1]);
				if (this.body[right] == ',') {
					right++;
				}
				else {
					left = commaBefore(left, begin);
				}
				to.write(this.body, begin, left - begin);
				begin = right;
			}
		}
		to.write(this.body, begin, item.to() - begin);
	}

	private int skipSpace(int from) {
		int i = from;
		while (this.body[i] == ' ' || this.body[i] == '\n' || this.body[i] == '\r' || this.body[i] == '\t') {
			i++;
		}
		return i;
	}

	/** The index of the comma before the last property, if it has one. */
	private int commaBefore(int property, int least) {
		for (int i = property - 1; i >= least; i--) {
			if (this.body[i] == ',') {
				return i;
			}
			if (this.body[i] > ' ') {
				break;
			}
		}
		return property;
	}

	/**
	 * An item of the input.
	 *
	 * @param from the index of its first byte
	 * @param to the index after its last byte
	 * @param type its type, or empty
	 * @param role its role, or empty
	 * @param key the hash of its encrypted content, or else its id
	 * @param ids where its id stands, with its name
	 */
	private record Item(int from, int to, String type, String role, String key, List<int[]> ids) {

		boolean isReasoning() {
			return this.type.equals("reasoning");
		}

	}

}
