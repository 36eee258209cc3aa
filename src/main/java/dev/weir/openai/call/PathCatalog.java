package dev.weir.openai.call;

import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.stored.StoredOperation;

/**
 * The paths of OpenAI's API, after a dialect's prefix and a deployment, and their
 * methods.
 */
final class PathCatalog {

	/** The first segments of resources that a backend stores for later calls. */
	private static final Set<String> STORED = Set.of("assistants", "batches", "chatkit", "containers", "conversations",
			"evals", "files", "fine_tuning", "organization", "projects", "skills", "threads", "uploads",
			"vector_stores", "voices");

	static final Set<String> ALL = Stream.concat(Operation.paths().stream(), STORED.stream())
		.collect(Collectors.toUnmodifiableSet());

	/** Resources with an id, or with operations after a common segment. */
	private static final Pattern WITH_ID = Pattern
		.compile("^(responses|chat/completions|models|realtime|videos)/|^videos$");

	/** The API has neither PUT nor OPTIONS. */
	private static final String RESOURCE_METHODS = "GET, HEAD, POST, PATCH, DELETE";

	private PathCatalog() {
	}

	/**
	 * The methods of a path.
	 * @param path the path
	 * @return the methods, separated by commas, or {@code null} if the path is unknown
	 */
	static @Nullable String methodsOf(String path) {
		String methods = Operation.methodsOf(path);
		if (methods == null && (isStored(path) || WITH_ID.matcher(path).find())) {
			return path.startsWith("models/") ? "GET, HEAD, DELETE" : RESOURCE_METHODS;
		}
		return methods;
	}

	static boolean isStored(String path) {
		return STORED.contains(firstSegment(path));
	}

	/** Whether there are stored objects below the first segment of a path. */
	static boolean hasStoredObjects(String path) {
		String first = firstSegment(path);
		return STORED.contains(first) || StoredOperation.firstSegments().contains(first);
	}

	private static String firstSegment(String path) {
		int slash = path.indexOf('/');
		return (slash >= 0) ? path.substring(0, slash) : path;
	}

	/**
	 * The longest known path after the first slash.
	 * @param path the path
	 * @return the known path at its end, or {@code null} if there is none
	 */
	static @Nullable String suffixOf(String path) {
		for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
			String suffix = path.substring(slash + 1);
			if (Operation.methodsOf(suffix) != null || STORED.contains(suffix)) {
				return suffix;
			}
		}
		return null;
	}

}
