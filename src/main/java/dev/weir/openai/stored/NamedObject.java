package dev.weir.openai.stored;

/**
 * An object that a request names.
 *
 * @param object the object
 * @param param where the request names it: a property, or {@code path}
 * @param required whether the request fails without it; otherwise an unknown object is
 * ignored
 */
public record NamedObject(StoredObject object, String param, boolean required) {

	/** The {@link #param()} of an object in the path. */
	public static final String PATH = "path";

	/**
	 * Whether backends can and must be asked for it if its owner is unknown.
	 * @return whether the request needs it, and it can be read by its id
	 */
	public boolean mustBeFound() {
		return this.required && this.object.kind().canBeAskedFor();
	}

}
