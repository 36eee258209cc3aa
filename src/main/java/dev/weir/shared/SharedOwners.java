package dev.weir.shared;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.affinity.Owner;
import dev.weir.affinity.OwnerExchange;

/**
 * Owners of stored objects, by the hash of the object. Redis keeps them for Weirs that
 * start later; each Weir reads them into its memory in the background.
 */
final class SharedOwners implements SharedPart, OwnerExchange.Listener {

	private static final Logger logger = LoggerFactory.getLogger(SharedOwners.class);

	private static final String KIND = "owner";

	private static final JsonMapper JSON = JsonMapper.shared();

	/** Owners and clients of one object; more mean that ids are not random. */
	private static final int MAX_ENTRIES = 32;

	/** Objects that wait for Redis to come back. */
	private static final int MAX_UNSENT = 100_000;

	private static final int MAX_TEXT = 2048;

	private final RedisLink link;

	private final OwnerExchange owners;

	private final Supplier<Duration> expireAfter;

	private final Set<String> unsent = ConcurrentHashMap.newKeySet();

	private final Disposable.Swap loading = Disposables.swap();

	private volatile boolean loaded;

	SharedOwners(RedisLink link, OwnerExchange owners, Supplier<Duration> expireAfter) {
		this.link = link;
		this.owners = owners;
		this.expireAfter = expireAfter;
	}

	@Override
	public String kind() {
		return KIND;
	}

	/** Sends what is remembered here from now on. */
	void listen() {
		this.owners.listen(this);
	}

	private String key(String object) {
		return this.link.key(object, KIND);
	}

	@Override
	public void onRemembered(String object, OwnerExchange.KnownObject known) {
		if (!this.link.isConnected()) {
			keep(object);
			return;
		}
		List<String> arguments = new ArrayList<>(
				List.of(String.valueOf(this.expireAfter.get().toMillis()), this.link.channel(),
						this.link.message(KIND,
								JSON.writeValueAsString(new Message(object, known.owners(), known.principal(), false))),
						String.valueOf(MAX_ENTRIES), (known.principal() != null) ? known.principal() : ""));
		known.owners().forEach((owner) -> arguments.add(JSON.writeValueAsString(new Entry(owner, null))));
		if (known.principal() != null) {
			arguments.add(JSON.writeValueAsString(new Entry(null, known.principal())));
		}
		this.link.run(RedisScripts.OWNER, List.of(key(object)), arguments, (reply) -> {
			if (reply == null) {
				keep(object);
			}
			else if (isText(reply) && !reply.isEmpty()) {
				this.owners.correct(object, reply);
			}
		});
	}

	private void keep(String object) {
		if (this.unsent.size() < MAX_UNSENT) {
			this.unsent.add(object);
		}
	}

	@Override
	public void onForgotten(String object, Owner owner) {
		this.link.run(RedisScripts.FORGET, List.of(key(object)),
				List.of(this.link.channel(),
						this.link.message(KIND,
								JSON.writeValueAsString(new Message(object, List.of(owner), null, true))),
						JSON.writeValueAsString(new Entry(owner, null))),
				(reply) -> {
				});
	}

	@Override
	public void onConnected() {
		for (String object : List.copyOf(this.unsent)) {
			this.unsent.remove(object);
			OwnerExchange.KnownObject known = this.owners.known(object);
			if (known != null) {
				onRemembered(object, known);
			}
		}
		this.loading.update(this.link.entries(key("*"), this.owners.capacity())
			.doFinally((signal) -> this.loaded = true)
			.subscribe((stored) -> learn(stored.key(), stored.entries()),
					(error) -> logger.debug("Owners could not be read", error)));
	}

	@Override
	public boolean isLoaded() {
		return this.loaded;
	}

	private void learn(String key, Collection<String> entries) {
		int start = key.indexOf('{') + 1;
		int end = key.indexOf('}', start);
		List<Owner> known = new ArrayList<>();
		String principal = null;
		for (String text : entries) {
			Entry entry = JSON.readValue(text, Entry.class);
			if (entry.owner() != null) {
				known.add(entry.owner());
			}
			principal = (entry.principal() != null) ? entry.principal() : principal;
		}
		this.link.receive(KIND,
				JSON.writeValueAsString(new Message(key.substring(start, end), known, principal, false)));
	}

	@Override
	public void onMessage(String from, String text) {
		Message message = JSON.readValue(text, Message.class);
		if (!message.isComplete()) {
			throw new IllegalArgumentException("not an owner");
		}
		if (message.forgotten()) {
			message.owners().forEach((owner) -> this.owners.unlearn(message.object(), owner));
		}
		else {
			this.owners.learn(message.object(), new OwnerExchange.KnownObject(message.owners(), message.principal()));
		}
	}

	private static boolean isText(@Nullable String text) {
		return text != null && text.length() <= MAX_TEXT;
	}

	private record Message(String object, List<Owner> owners, @Nullable String principal, boolean forgotten) {

		boolean isComplete() {
			return isText(this.object) && this.owners != null && this.owners.size() <= MAX_ENTRIES
					&& (this.principal == null || isText(this.principal))
					&& this.owners.stream().allMatch(Message::isComplete);
		}

		private static boolean isComplete(@Nullable Owner owner) {
			return owner != null && isText(owner.resource()) && isText(owner.account()) && isText(owner.backend());
		}

	}

	private record Entry(@Nullable Owner owner, @Nullable String principal) {
	}

}
