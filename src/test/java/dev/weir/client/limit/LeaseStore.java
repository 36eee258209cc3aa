package dev.weir.client.limit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * A store of leases in memory that does what {@code lease.lua} does, as late as a test
 * wants.
 */
final class LeaseStore {

	private final Map<String, Window> windows = new HashMap<>();

	private final List<Weir> weirs = new ArrayList<>();

	private final Deque<Runnable> events = new ArrayDeque<>();

	private boolean up = true;

	private long connections = 1;

	/** Adds a Weir; a member has a part of each limit from the beginning. */
	Weir weir(boolean member) {
		Weir added = new Weir(this.weirs.size(), member);
		this.weirs.add(added);
		return added;
	}

	/** Delivers the oldest request, reply or message. */
	boolean deliver() {
		Runnable next = this.events.poll();
		if (next != null) {
			next.run();
		}
		return next != null;
	}

	void deliverAll() {
		while (deliver()) {
			// until there is none
		}
	}

	/** Loses the connection to all Weirs. Requests on their way fail. */
	void down() {
		this.up = false;
		this.weirs.forEach((weir) -> weir.connection = 0);
		deliverAll();
	}

	void up() {
		this.up = true;
		this.connections++;
		this.weirs.forEach((weir) -> weir.connection = this.connections);
		this.weirs.forEach((weir) -> weir.listeners.forEach(LimitLeases.Listener::onConnected));
	}

	private int members() {
		return (int) this.weirs.stream().filter((weir) -> weir.member).count();
	}

	private final class Window {

		private final Map<Integer, Long> held = new HashMap<>();

		private final Map<Integer, Long> used = new HashMap<>();

		private final Map<Integer, Long> settled = new HashMap<>();

		private long owed;

		private long limit;

		private long used() {
			return this.used.values().stream().mapToLong(Long::longValue).sum();
		}

	}

	final class Weir implements LimitLeases {

		private final int id;

		private final boolean member;

		private final List<Listener> listeners = new ArrayList<>();

		private long connection = LeaseStore.this.connections;

		/** The next replies that are lost, although the store executes the requests. */
		int lostReplies;

		Weir(int id, boolean member) {
			this.id = id;
			this.member = member;
		}

		@Override
		public long connection() {
			return this.connection;
		}

		@Override
		public Division division(long minute) {
			return new Division(members(), this.member);
		}

		@Override
		public void request(Request request, Consumer<@Nullable Reply> onReply) {
			LeaseStore.this.events.add(() -> {
				Reply reply = LeaseStore.this.up ? execute(request) : null;
				boolean lost = this.lostReplies > 0;
				this.lostReplies -= lost ? 1 : 0;
				LeaseStore.this.events.add(() -> onReply.accept(lost ? null : reply));
			});
		}

		private Reply execute(Request request) {
			Window before = LeaseStore.this.windows.get(request.key() + "/" + (request.window() - 1));
			Window now = LeaseStore.this.windows.computeIfAbsent(request.key() + "/" + request.window(),
					(key) -> new Window());
			now.owed = (before != null) ? Math.max(0, before.used() + before.owed - before.limit) : 0;
			now.limit = request.limit();
			long part = request.part();
			long held = now.held.getOrDefault(this.id, this.member ? part : 0);
			long others = 0;
			for (Weir weir : LeaseStore.this.weirs) {
				if (weir != this) {
					others += now.held.getOrDefault(weir.id,
							(weir.member && request.division().members() > 0) ? part : 0);
				}
			}
			long granted = Math.max(request.used(),
					Math.min(request.wanted(), Math.max(held, request.limit() - now.owed - others)));
			now.held.put(this.id, granted);
			now.used.put(this.id, request.used());
			now.settled.put(this.id, request.used() - request.reserved());
			long usedByOthers = now.used() - request.used();
			long settledByOthers = now.settled.entrySet()
				.stream()
				.filter((settled) -> settled.getKey() != this.id)
				.mapToLong(Map.Entry::getValue)
				.sum();
			return new Reply(granted, usedByOthers, settledByOthers, Math.max(0, others - usedByOthers), now.owed);
		}

		@Override
		public void askOthers(Key key, long window, Runnable onReturned) {
			LeaseStore.this.events.add(() -> LeaseStore.this.weirs.stream()
				.filter((weir) -> weir != this)
				.forEach((weir) -> weir.listeners.forEach((one) -> one.onShortage(key, window, this.id < weir.id))));
			LeaseStore.this.events.add(() -> LeaseStore.this.events.add(onReturned));
		}

		@Override
		public void listen(Listener listener) {
			this.listeners.add(listener);
		}

	}

}
