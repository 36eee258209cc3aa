package dev.weir.request;

import java.util.Set;

import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stored.StoredObject;

/**
 * To whom the objects belong that a request makes.
 *
 * @param owner the client, as {@link Client#owner()}
 * @param existing the objects that the request names, which are not new
 * @param creates whether the request can make objects itself, and not only read
 * @param ownsNamed whether all objects that the request names belong to the client, so
 * that their results do, too
 */
public record NewObjects(String owner, Set<StoredObject> existing, boolean creates, boolean ownsNamed) {

	public NewObjects {
		existing = Set.copyOf(existing);
	}

	/**
	 * Whether an object that the response names is new, and belongs to the client.
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
