package dev.weir.affinity;

import java.time.Duration;
import java.util.List;

import dev.weir.backend.Attempt;
import dev.weir.backend.Backend;
import dev.weir.backend.Outcome;
import dev.weir.openai.stored.StoredObject;
import dev.weir.request.Binding;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;

/**
 * Remembers the owners of the objects that responses name, and the home backends that
 * others have replaced.
 */
final class OwnerRecorder implements RequestListener {

	private final ObjectOwners owners;

	OwnerRecorder(ObjectOwners owners) {
		this.owners = owners;
	}

	@Override
	public void onAttemptEnd(RequestContext context, Attempt attempt, Outcome outcome, Duration duration) {
		Binding binding = context.binding();
		Backend backend = attempt.lane().backend();
		if (binding != null && outcome.type().isSuccess() && !binding.backends().test(backend)) {
			binding.replacement().accept(backend);
		}
	}

	@Override
	public void onObjects(RequestContext context, Attempt attempt, List<StoredObject> objects) {
		this.owners.remember(objects, Owner.of(attempt.lane().backend()));
	}

}
