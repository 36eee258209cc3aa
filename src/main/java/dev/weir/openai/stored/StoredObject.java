package dev.weir.openai.stored;

import org.jspecify.annotations.Nullable;

/**
 * An object that exists on one backend only, by its id.
 *
 * @param kind its kind
 * @param id its id, 1 to {@value #MAX_ID} characters; for {@link ObjectKind#REASONING} a
 * hash of the content
 */
public record StoredObject(ObjectKind kind, String id) {

	/** Longer than any id of a known server: those of Azure have about 100 characters. */
	public static final int MAX_ID = 512;

	/**
	 * Creates an object if its id can be one.
	 * @param kind the kind
	 * @param id the text that a request or a response has in the place of an id
	 * @return the object, or {@code null} if the text is blank or too long
	 */
	public static @Nullable StoredObject of(ObjectKind kind, @Nullable String id) {
		return (id == null || id.isBlank() || id.length() > MAX_ID) ? null : new StoredObject(kind, id);
	}

	@Override
	public String toString() {
		return (this.kind == ObjectKind.REASONING) ? "encrypted reasoning" : this.id;
	}

}
