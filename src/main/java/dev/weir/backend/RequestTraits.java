package dev.weir.backend;

import java.util.function.IntSupplier;

import dev.weir.openai.call.Operation;

/**
 * The properties of a request that lanes and the classification of responses need.
 *
 * @param operation the operation
 * @param size the length of its body in bytes, 0 if it is not known
 * @param fingerprint a hash of the body, computed on demand
 * @param namesDeployment whether it names a deployment beside its model, for a tool
 * @param namesVersion whether it names the version of the API that it wants
 * @param promptKey the same number for all turns of a conversation, 0 if the pool does
 * not need it or there is none
 */
public record RequestTraits(Operation operation, long size, IntSupplier fingerprint, boolean namesDeployment,
		boolean namesVersion, long promptKey) {

	/** A request of which nothing is known. */
	public static final RequestTraits UNKNOWN = new RequestTraits(Operation.OTHER, 0, () -> 0, false, false);

	public RequestTraits(Operation operation, long size, IntSupplier fingerprint, boolean namesDeployment,
			boolean namesVersion) {
		this(operation, size, fingerprint, namesDeployment, namesVersion, 0);
	}

}
