package dev.weir.affinity;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.web.util.UriUtils;

import dev.weir.backend.Attempt;
import dev.weir.backend.Backend;
import dev.weir.backend.Outcome;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stored.StoredObject;
import dev.weir.request.Binding;
import dev.weir.request.Client;
import dev.weir.request.NewObjects;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;

/**
 * Remembers the owners of the objects that responses name, records owners that have an
 * object no longer, and remembers the home backends that others have replaced.
 */
final class OwnerRecorder implements RequestListener {

	private final ObjectOwners owners;

	private final FormerOwners formerOwners;

	OwnerRecorder(ObjectOwners owners, FormerOwners formerOwners) {
		this.owners = owners;
		this.formerOwners = formerOwners;
	}

	@Override
	public void onAttemptEnd(RequestContext context, Attempt attempt, Outcome outcome, Duration duration) {
		Binding binding = context.binding();
		Backend backend = attempt.lane().backend();
		if (binding != null && outcome.type().isSuccess() && !binding.backends().test(backend)) {
			binding.replacement().accept(backend);
		}
		if (outcome.isNotFound()) {
			forget(context.call().path(), backend, binding);
		}
	}

	/** A 404 to another operation may be about a part of the object. */
	private void forget(ApiPath path, Backend backend, @Nullable Binding binding) {
		List<NamedObject> named = path.method().equals("GET") ? path.objects() : List.of();
		if (named.size() == 1) {
			StoredObject object = named.get(0).object();
			String read = object.kind().collection() + "/" + object.id();
			if (UriUtils.decode(path.operationPath(), StandardCharsets.UTF_8).equals(read)) {
				this.owners.forget(object, Owner.of(backend));
				if (binding != null && !binding.isHome() && binding.backends().test(backend)) {
					this.formerOwners.add(object, Owner.of(backend));
				}
			}
		}
	}

	@Override
	public void onObjects(RequestContext context, Attempt attempt, List<ReportedObject> objects) {
		Owner owner = Owner.of(attempt.lane().backend());
		Client client = context.client();
		if (client == null) {
			this.owners.rememberMentioned(objects.stream().map(ReportedObject::object).toList(), owner, null);
			return;
		}
		NewObjects made = context.newObjects();
		List<StoredObject> mentioned = new ArrayList<>(objects.size());
		List<StoredObject> fresh = new ArrayList<>(objects.size());
		objects.forEach((one) -> ((made != null && made.contains(one)) ? fresh : mentioned).add(one.object()));
		this.owners.remember(fresh, owner, client.principal());
		this.owners.rememberMentioned(mentioned, owner, client.principal());
	}

}
