package dev.weir.affinity;

import java.util.List;

import dev.weir.backend.Attempt;
import dev.weir.openai.stored.StoredObject;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;

/**
 * Remembers the owners of the objects that responses name.
 */
final class OwnerRecorder implements RequestListener {

	private final ObjectOwners owners;

	OwnerRecorder(ObjectOwners owners) {
		this.owners = owners;
	}

	@Override
	public void onObjects(RequestContext context, Attempt attempt, List<StoredObject> objects) {
		this.owners.remember(objects, Owner.of(attempt.lane().backend()));
	}

}
