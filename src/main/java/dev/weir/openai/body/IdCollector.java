package dev.weir.openai.body;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.stored.ContentHash;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;

/**
 * Collects the ids of stored objects while a body is parsed. Only strings in the place of
 * an id are decoded.
 */
final class IdCollector {

	/** More than a request to one backend needs; further ids belong to the same one. */
	static final int MAX_OBJECTS = 1000;

	/**
	 * A long conversation has many items and much reasoning, which must not displace
	 * other objects.
	 */
	static final int MAX_ITEMS = 2000;

	private final JsonParser parser;

	private final byte[] body;

	private final int start;

	private Set<NamedObject> objects = Set.of();

	private int items;

	private @Nullable ApiErrorException problem;

	/**
	 * Creates a collector.
	 * @param parser parses the body
	 * @param body the body
	 * @param start the index at which the parser started
	 */
	IdCollector(JsonParser parser, byte[] body, int start) {
		this.parser = parser;
		this.body = body;
		this.start = start;
	}

	List<NamedObject> objects() {
		return List.copyOf(this.objects);
	}

	/** Why the body may name other objects, too; {@code null} if it does not. */
	@Nullable ApiErrorException problem() {
		return this.problem;
	}

	/**
	 * Reads or skips the current value, and leaves the parser at its last token.
	 * @param shape where the value has ids, or {@code null} if it has none
	 */
	void read(@Nullable IdShape shape) {
		if (shape != null) {
			collect(shape);
		}
		else {
			this.parser.skipChildren();
		}
	}

	/**
	 * Collects the ids in the current value, and leaves the parser at its last token.
	 * @param shape where the value has ids
	 */
	private void collect(IdShape shape) {
		JsonToken token = this.parser.currentToken();
		if (token == JsonToken.VALUE_STRING) {
			if (shape.isHashed()) {
				add(shape.named(hash()));
			}
			else if (shape.isId()) {
				String id = shortString();
				if (id == null && shape.mustBeKnown()) {
					this.problem = BodyProblem.longId();
				}
				add(shape.named(id));
			}
		}
		else if (token == JsonToken.START_ARRAY) {
			for (token = this.parser.nextToken(); token != JsonToken.END_ARRAY; token = this.parser.nextToken()) {
				collect(shape);
			}
		}
		else if (token == JsonToken.START_OBJECT) {
			for (String name = this.parser.nextName(); name != null; name = this.parser.nextName()) {
				this.parser.nextToken();
				read(shape.property(name));
			}
		}
	}

	/** The hash of the current string, which is not decoded. */
	private @Nullable String hash() {
		int from = this.start + (int) this.parser.currentTokenLocation().getByteOffset() + 1;
		int to = from;
		while (to < this.body.length && this.body[to] != '"') {
			to += (this.body[to] == '\\') ? 2 : 1;
		}
		return (to > from && to < this.body.length) ? ContentHash.of(this.body, from, to) : null;
	}

	private void add(@Nullable NamedObject named) {
		if (named == null) {
			return;
		}
		ObjectKind kind = named.object().kind();
		boolean item = kind == ObjectKind.ITEM || kind == ObjectKind.REASONING;
		if (item ? this.items >= MAX_ITEMS : this.objects.size() - this.items >= MAX_OBJECTS) {
			// reasoning belongs to each client that has it
			if (kind != ObjectKind.REASONING && !this.objects.contains(named)) {
				this.problem = BodyProblem.tooManyObjects();
			}
			return;
		}
		if (this.objects.isEmpty()) {
			this.objects = new LinkedHashSet<>();
		}
		if (this.objects.add(named) && item) {
			this.items++;
		}
	}

	/**
	 * The current value, if it is a string that may be an id. The parser refuses to
	 * decode a long string, so the characters are counted before.
	 * @return the string, or {@code null} if it is no string or too long
	 */
	@Nullable String shortString() {
		if (this.parser.currentToken() != JsonToken.VALUE_STRING) {
			return null;
		}
		int from = this.start + (int) this.parser.currentTokenLocation().getByteOffset() + 1;
		int length = 0;
		for (int i = from; i < this.body.length && length <= StoredObject.MAX_ID; i++) {
			byte b = this.body[i];
			if (b == '"') {
				return this.parser.getString();
			}
			if (b == '\\') {
				i += (i + 1 < this.body.length && this.body[i + 1] == 'u') ? 5 : 1;
				length++;
			}
			else if ((b & 0xC0) != 0x80) {
				// UTF-8: four bytes are two characters of Java
				length += ((b & 0xF8) == 0xF0) ? 2 : 1;
			}
		}
		return null;
	}

}
