package dev.weir.request;

import java.util.Set;

import dev.weir.openai.stored.StoredObject;

/**
 * To which client the objects belong that a request makes.
 *
 * @param client the name of the client
 * @param existing the objects that the request names, which are not new
 */
public record NewObjects(String client, Set<StoredObject> existing) {

	public NewObjects {
		existing = Set.copyOf(existing);
	}

}
