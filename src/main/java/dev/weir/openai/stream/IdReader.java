package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.stored.ContentHash;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stored.StoredObject;

/**
 * Finds the ids of stored objects in a JSON value of any length while it is relayed. Only
 * the ids that a shape describes are held, one at a time. One for each value; not
 * thread-safe.
 */
public final class IdReader {

	/** No shape is deeper. */
	private static final int MAX_DEPTH = 12;

	private static final int MAX_NAME = 64;

	private final Consumer<ReportedObject> found;

	/** By depth: the shape of the open object or of the elements of the open array. */
	private final IdShape[] shapes = new IdShape[MAX_DEPTH + 1];

	private final boolean[] objects = new boolean[MAX_DEPTH + 1];

	/** A property name or an id, cut after the length that matters. */
	private byte[] text = new byte[128];

	private int length;

	private int depth;

	/** The depth at which a value without ids was opened; 0 for none. */
	private int skippedAt;

	/** The shape of the next value. */
	private @Nullable IdShape next;

	private boolean expectsName;

	private boolean inString;

	private boolean kept;

	private boolean escaped;

	/** The hash of the current string, if that takes the place of an id. */
	private @Nullable ContentHash hash;

	/**
	 * Creates a reader.
	 * @param shape where the value has ids
	 * @param found gets each object when its id is complete
	 */
	public IdReader(IdShape shape, Consumer<ReportedObject> found) {
		this.found = found;
		this.next = shape;
	}

	/**
	 * Adds the next bytes.
	 * @param bytes the next bytes of the value, any number
	 */
	public void add(byte[] bytes) {
		for (byte b : bytes) {
			if (this.inString) {
				readString(b);
			}
			else {
				readStructure(b);
			}
		}
	}

	private void readString(byte b) {
		if (this.hash != null && (this.escaped || b != '"')) {
			this.hash.add(b);
		}
		if (this.escaped) {
			this.escaped = false;
		}
		else if (b == '\\') {
			this.escaped = true;
			// neither ids nor the names of shapes have escapes
			this.kept = false;
		}
		else if (b == '"') {
			this.inString = false;
			endString();
			return;
		}
		if (this.kept) {
			keep(b);
		}
	}

	private void keep(byte b) {
		if (this.length == (this.expectsName ? MAX_NAME : 4 * StoredObject.MAX_ID)) {
			this.kept = false;
			return;
		}
		if (this.length == this.text.length) {
			this.text = Arrays.copyOf(this.text, 2 * this.length);
		}
		this.text[this.length++] = b;
	}

	private void endString() {
		if (this.skippedAt > 0) {
			return;
		}
		if (this.hash != null && this.next != null) {
			add(this.hash.isEmpty() ? null : this.next.reported(this.hash.finish()));
			this.hash = null;
		}
		else if (this.expectsName) {
			this.next = this.kept ? this.shapes[this.depth].property(value()) : null;
			this.expectsName = false;
		}
		else if (this.kept && this.next != null) {
			add(this.next.reported(value()));
		}
	}

	private void add(@Nullable ReportedObject object) {
		if (object != null) {
			this.found.accept(object);
		}
	}

	private String value() {
		return new String(this.text, 0, this.length, StandardCharsets.UTF_8);
	}

	private void readStructure(byte b) {
		switch (b) {
			case '"' -> {
				this.inString = true;
				this.length = 0;
				boolean read = this.skippedAt == 0;
				IdShape value = (read && !this.expectsName) ? this.next : null;
				this.hash = (value != null && value.isHashed()) ? new ContentHash() : null;
				this.kept = read && this.hash == null && (this.expectsName || (value != null && value.isId()));
			}
			case '{', '[' -> open(b == '{');
			case '}', ']' -> close();
			case ',' -> {
				if (this.skippedAt == 0 && this.depth > 0) {
					this.expectsName = this.objects[this.depth];
					this.next = this.expectsName ? null : this.shapes[this.depth];
				}
			}
			default -> {
				// space, colons, numbers and literals
			}
		}
	}

	private void open(boolean object) {
		this.depth++;
		if (this.skippedAt > 0) {
			return;
		}
		if (this.next == null || this.depth > MAX_DEPTH) {
			this.skippedAt = this.depth;
			return;
		}
		this.shapes[this.depth] = this.next;
		this.objects[this.depth] = object;
		this.expectsName = object;
	}

	private void close() {
		if (this.depth == this.skippedAt) {
			this.skippedAt = 0;
		}
		this.depth = Math.max(0, this.depth - 1);
		if (this.skippedAt == 0) {
			this.expectsName = false;
			this.next = null;
		}
	}

}
