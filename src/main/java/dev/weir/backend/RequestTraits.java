package dev.weir.backend;

import java.util.function.IntSupplier;

import dev.weir.openai.call.Operation;

/**
 * What of a request matters to the lanes it is sent to.
 *
 * @param operation what it asks for
 * @param size the length of its body in bytes, 0 if it is not known
 * @param fingerprint a number that is equal for equal bodies, worked out when it is asked
 * for
 * @param namesDeployment whether it names a deployment beside its model, for a tool
 * @param namesVersion whether it names the version of the API that it wants
 */
public record RequestTraits(Operation operation, long size, IntSupplier fingerprint, boolean namesDeployment,
		boolean namesVersion) {

	/** A request of which nothing is known. */
	public static final RequestTraits UNKNOWN = new RequestTraits(Operation.OTHER, 0, () -> 0, false, false);

}
