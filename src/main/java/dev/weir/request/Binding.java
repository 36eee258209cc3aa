package dev.weir.request;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

import dev.weir.backend.Backend;
import dev.weir.openai.stored.StoredObject;

/**
 * The restriction of a request to the backends that lead to one owner of stored objects.
 *
 * @param backends accepts the backends, of whatever configuration
 * @param owner the name of the owner, for messages
 * @param objects the objects that the request names; empty if it creates one at the home
 * backend of its client, which another backend may replace
 * @param replacement is called with the backend that served the request if another one
 * replaced the home backend
 */
public record Binding(Predicate<Backend> backends, String owner, List<StoredObject> objects,
		Consumer<Backend> replacement) {

	/**
	 * Whether another backend may take the request if this one is out of service.
	 * @return whether the request names no object of the owner
	 */
	public boolean isHome() {
		return this.objects.isEmpty();
	}

	/**
	 * Names the backend and the reason, for messages.
	 * @return the backend, and the first object that is stored there
	 */
	public String describe() {
		if (this.objects.isEmpty()) {
			return "Backend " + this.owner + ", which has the other objects of this client,";
		}
		String more = (this.objects.size() > 1) ? " and " + (this.objects.size() - 1) + " more are" : " is";
		return "Backend " + this.owner + ", where " + this.objects.get(0) + more + " stored,";
	}

}
