package dev.weir.openai.stored;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * An operation on stored objects, and where its path, query, body and response name them.
 *
 * @param method the method, or {@code *} for all
 * @param pattern the segments of the path after a dialect's prefix: {@code {KIND}} is the
 * id of an object, {@code **} at the end any number of segments
 * @param request the shape of the request's body
 * @param response the shape of the response, which names objects of the backend
 * @param placement which backend gets it if it names no object
 */
public record StoredOperation(String method, List<String> pattern, IdShape request, IdShape response,
		Placement placement) {

	private static final List<String> REALTIME = List.of("realtime");

	private static final String CALL_ID = "call_id";

	private static final String MODEL = "{FINE_TUNED_MODEL}";

	/**
	 * Finds the operation of a path.
	 * @param method the HTTP method, in upper case
	 * @param path the path after a dialect's prefix and a deployment, encoded
	 * @return the operation, or {@code null} if it has nothing to do with stored objects
	 */
	public static @Nullable StoredOperation of(String method, String path) {
		int slash = path.indexOf('/');
		List<StoredOperation> candidates = StoredOperations.BY_SEGMENT
			.get((slash >= 0) ? path.substring(0, slash) : path);
		if (candidates == null) {
			return null;
		}
		String[] segments = path.split("/", -1);
		for (StoredOperation candidate : candidates) {
			if (candidate.accepts(method) && candidate.matches(segments)) {
				return candidate;
			}
		}
		return null;
	}

	/**
	 * All operations on stored objects.
	 * @return the operations, the more specific ones first
	 */
	public static List<StoredOperation> all() {
		return StoredOperations.ALL;
	}

	/**
	 * The first segments of their paths.
	 * @return the segments
	 */
	public static Set<String> firstSegments() {
		return StoredOperations.BY_SEGMENT.keySet();
	}

	private boolean accepts(String wanted) {
		return this.method.equals("*") || this.method.equals(wanted)
				|| (this.method.equals("GET") && wanted.equals("HEAD"));
	}

	private boolean matches(String[] segments) {
		int size = this.pattern.size();
		String last = this.pattern.get(size - 1);
		boolean open = last.equals("**") || last.equals(MODEL);
		int fixed = last.equals("**") ? size - 1 : size;
		if (segments.length < fixed || (!open && segments.length > fixed)) {
			return false;
		}
		for (int i = 0; i < fixed; i++) {
			String expected = this.pattern.get(i);
			if (expected.startsWith("{") ? segments[i].isEmpty() : !expected.equals(segments[i])) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Reads the objects that a path names.
	 * @param segments the segments of a path of this operation, decoded
	 * @return the objects, in order
	 */
	public List<NamedObject> objectsInPath(List<String> segments) {
		List<NamedObject> named = new ArrayList<>(2);
		for (int i = 0; i < this.pattern.size(); i++) {
			String expected = this.pattern.get(i);
			if (expected.startsWith("{")) {
				ObjectKind kind = ObjectKind.valueOf(expected.substring(1, expected.length() - 1));
				// the name of a model may have slashes
				String id = (expected.equals(MODEL) && i == this.pattern.size() - 1)
						? String.join("/", segments.subList(i, segments.size())) : segments.get(i);
				StoredObject object = StoredObject.of(kind, id);
				if (object != null) {
					named.add(new NamedObject(object, NamedObject.PATH, true));
				}
			}
		}
		return named;
	}

	/**
	 * The parameter of the query that names an object, such as that of a connection to a
	 * call in progress.
	 * @return its name, or {@code null} if there is none
	 */
	public @Nullable String callParameter() {
		return this.pattern.equals(REALTIME) ? CALL_ID : null;
	}

	/**
	 * Whether the path names an object.
	 * @return whether the pattern has an id
	 */
	public boolean namesObject() {
		return this.pattern.stream().anyMatch((segment) -> segment.startsWith("{"));
	}

	/**
	 * How many ids the path has.
	 * @return the number
	 */
	public long idsInPath() {
		return this.pattern.stream().filter((segment) -> segment.startsWith("{")).count();
	}

	/**
	 * The path for documents.
	 * @return the segments of the pattern, separated by slashes
	 */
	public String template() {
		return String.join("/", this.pattern);
	}

	@Override
	public String toString() {
		return this.method + " /" + template();
	}

	/** Which backend gets a request that names no object of a known backend. */
	public enum Placement {

		/** The one that the strategy of the pool picks. */
		ANY,

		/**
		 * The home backend of the client, since later requests name the new object
		 * together with others of the client.
		 */
		HOME,

		/** Several: it lists objects. */
		ALL

	}

}
