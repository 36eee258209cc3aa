package dev.weir.request;

import java.util.Set;

import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stored.StoredObject;

/**
 * Which objects of its response a request has made, so that they belong to its client.
 *
 * @param existing the objects that the request names, which are not new
 * @param creates whether the request can make objects itself, and not only read
 * @param ownsNamed whether all objects that the request names belong to the client, so
 * that their results do, too
 */
public record NewObjects(Set<StoredObject> existing, boolean creates, boolean ownsNamed) {

	public NewObjects {
		existing = Set.copyOf(existing);
	}

	/**
	 * Whether an object that the response names belongs to the client.
	 * @param reported the object
	 * @return {@code false} if it may belong to another client
	 */
	public boolean contains(ReportedObject reported) {
		return !this.existing.contains(reported.object()) && switch (reported.origin()) {
			case CREATED -> this.creates;
			case RESULT -> this.ownsNamed;
			case ECHO -> false;
		};
	}

}
