package dev.weir.shared;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import tools.jackson.core.JacksonException;
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

	/** Differs from each principal: requests of several ones have named owners. */
	private static final String SEVERAL = "/";

	private static final String NONE = "";

	private final RedisLink link;

	private final OwnerExchange owners;

	private final Supplier<Duration> expireAfter;

	// for each object the principal whose requests it was in
	private final Map<String, String> unsent = new ConcurrentHashMap<>();

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
	public void onRemembered(String object, OwnerExchange.KnownObject known, @Nullable String by) {
		if (!this.link.isConnected()) {
			keep(object, by);
			return;
		}
		String principal = known.principal();
		String checked = (principal != null) ? principal : by;
		List<String> arguments = new ArrayList<>(List.of(String.valueOf(this.expireAfter.get().toMillis()),
				this.link.channel(),
				this.link.message(KIND,
						JSON.writeValueAsString(new Message(object, known.owners(), principal, checked, false))),
				String.valueOf(MAX_ENTRIES), Objects.requireNonNullElse(checked, NONE),
				(principal != null) ? "1" : "0"));
		if (principal != null) {
			arguments.add(JSON.writeValueAsString(new Entry(null, principal)));
		}
		known.owners().forEach((owner) -> arguments.add(JSON.writeValueAsString(new Entry(owner, null))));
		this.link.run(RedisScripts.OWNER, List.of(key(object)), arguments, (reply) -> {
			if (reply == null) {
				keep(object, by);
			}
			else if (!reply.isEmpty()) {
				correct(object, reply);
			}
		});
	}

	/** Another principal has made the object: what Redis knows counts. */
	private void correct(String object, String entries) {
		Message known = Message.of(object, List.of(JSON.readValue(entries, String[].class)));
		if (known.isComplete()) {
			this.owners.correct(object, known.known());
		}
	}

	private void keep(String object, @Nullable String by) {
		if (this.unsent.size() < MAX_UNSENT) {
			this.unsent.merge(object, Objects.requireNonNullElse(by, NONE),
					(one, other) -> one.equals(other) ? one : SEVERAL);
		}
	}

	@Override
	public void onForgotten(String object, Owner owner) {
		this.link.run(RedisScripts.FORGET, List.of(key(object)),
				List.of(this.link.channel(),
						this.link.message(KIND,
								JSON.writeValueAsString(new Message(object, List.of(owner), null, null, true))),
						JSON.writeValueAsString(new Entry(owner, null))),
				(reply) -> {
				});
	}

	@Override
	public void onConnected() {
		for (String object : List.copyOf(this.unsent.keySet())) {
			String by = this.unsent.remove(object);
			OwnerExchange.KnownObject known = this.owners.known(object);
			if (by != null && known != null) {
				onRemembered(object, known, by.equals(NONE) ? null : by);
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
		this.link.receive(KIND, JSON.writeValueAsString(Message.of(key.substring(start, end), entries)));
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
			this.owners.learn(message.object(), message.known(), message.by());
		}
	}

	private static boolean isText(@Nullable String text) {
		return text != null && text.length() <= MAX_TEXT;
	}

	/**
	 * What is known about an object.
	 *
	 * @param object the hash of the object
	 * @param owners its owners, or those that do not have it any more
	 * @param principal the principal that has made it, {@code null} if that is not known
	 * @param by the principal whose request it comes from, {@code null} if that is not
	 * known
	 * @param forgotten whether the owners do not have it any more
	 */
	private record Message(String object, List<Owner> owners, @Nullable String principal, @Nullable String by,
			boolean forgotten) {

		static Message of(String object, Collection<String> entries) {
			List<Owner> owners = new ArrayList<>();
			String principal = null;
			for (String text : entries) {
				Entry entry = Entry.read(text);
				if (entry.owner() != null) {
					owners.add(entry.owner());
				}
				principal = (entry.principal() != null) ? entry.principal() : principal;
			}
			return new Message(object, owners, principal, principal, false);
		}

		OwnerExchange.KnownObject known() {
			return new OwnerExchange.KnownObject(this.owners, this.principal);
		}

		boolean isComplete() {
			return isText(this.object) && this.owners != null && this.owners.size() <= MAX_ENTRIES
					&& (this.principal == null || isText(this.principal)) && (this.by == null || isText(this.by))
					&& this.owners.stream().allMatch(Message::isComplete);
		}

		private static boolean isComplete(@Nullable Owner owner) {
			return owner != null && isText(owner.resource()) && isText(owner.account()) && isText(owner.backend());
		}

	}

	private record Entry(@Nullable Owner owner, @Nullable String principal) {

		private static final Entry NOTHING = new Entry(null, null);

		/** Anyone with access to Redis can store anything: that is ignored. */
		static Entry read(String text) {
			try {
				Entry read = JSON.readValue(text, Entry.class);
				return (read != null) ? read : NOTHING;
			}
			catch (JacksonException ex) {
				logger.debug("An entry of Redis is ignored", ex);
				return NOTHING;
			}
		}

	}

}
