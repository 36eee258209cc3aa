package dev.weir.affinity;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import dev.weir.backend.Pool;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;

/**
 * The replies to requests whose objects have no single owner.
 */
final class AffinityErrors {

	private static final int MAX_NAMED = 5;

	private static final Duration SOON = Duration.ofSeconds(1);

	private AffinityErrors() {
	}

	/** OpenAI has a code for this case, which SDKs for agents read. */
	static ApiErrorException notFound(NamedObject named) {
		StoredObject object = named.object();
		boolean previous = object.kind() == ObjectKind.RESPONSE && !named.param().equals(NamedObject.PATH);
		String message = previous ? "Previous response with id '" + object.id() + "' not found."
				: "No " + object.kind().noun() + " with id '" + object.id() + "' was found.";
		return new ApiErrorException(
				ApiError.invalid(404, message, named.param().equals(NamedObject.PATH) ? "id" : named.param(),
						previous ? "previous_response_not_found" : "not_found"));
	}

	/** As for a name that no backend serves. */
	static ApiErrorException noModel(Pool pool, String model) {
		return new ApiErrorException(ApiError.invalid(404,
				"The model '" + model + "' does not exist in pool " + pool.name() + ".", "model", "model_not_found"));
	}

	static ApiErrorException conflict(Pool pool, Map<NamedObject, List<Owner>> found) {
		Map<String, List<String>> byBackend = found.entrySet()
			.stream()
			.collect(Collectors.groupingBy((entry) -> names(pool, entry.getValue()), LinkedHashMap::new,
					Collectors.mapping((entry) -> entry.getKey().object().toString(), Collectors.toList())));
		String places = byBackend.entrySet()
			.stream()
			.map((entry) -> list(entry.getValue()) + " on backend " + entry.getKey())
			.collect(Collectors.joining(", "));
		return new ApiErrorException(ApiError.invalid(400,
				"The request names objects of different backends, which cannot be used together: " + places + ".", null,
				"objects_on_different_backends"));
	}

	private static String names(Pool pool, List<Owner> owners) {
		return owners.stream()
			.map((owner) -> KnownOwners.nameIn(pool, owner))
			.distinct()
			.collect(Collectors.joining(" and "));
	}

	private static Map<String, String> retryAfter(Duration delay) {
		long millis = Math.max(SOON.toMillis(), delay.toMillis());
		return Map.of("retry-after-ms", String.valueOf(millis), "retry-after", String.valueOf((millis + 999) / 1000));
	}

	private static String list(List<String> ids) {
		return (ids.size() <= MAX_NAMED) ? String.join(", ", ids)
				: String.join(", ", ids.subList(0, MAX_NAMED)) + " and " + (ids.size() - MAX_NAMED) + " more";
	}

	static ApiErrorException unsure(Pool pool, StoredObject object, LookupResult.Unsure result) {
		List<String> backends = result.backends();
		String which = (backends.size() == 1) ? "backend " + backends.get(0) + " of pool " + pool.name()
				: "backends " + String.join(", ", backends) + " of pool " + pool.name();
		return new ApiErrorException(
				new ApiError(503,
						"The " + object.kind().noun() + " '" + object.id() + "' was not found, but " + which
								+ " could not be asked for it.",
						"server_error", null, "service_unavailable"),
				retryAfter(result.retryAfter()));
	}

	static ApiErrorException limited() {
		return new ApiErrorException(new ApiError(429,
				"Too many requests name objects of unknown backends (weir.affinity.max-lookups per second).",
				"requests", null, "rate_limit_exceeded"), retryAfter(SOON));
	}

}
