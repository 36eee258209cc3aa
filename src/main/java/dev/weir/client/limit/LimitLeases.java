package dev.weir.client.limit;

import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * Where several Weirs divide their limits among themselves: see docs/shared-state.md. No
 * method waits for the store.
 */
public interface LimitLeases {

	/**
	 * The current connection to the store.
	 * @return 0 while the store does not respond, otherwise a number that is different
	 * for each connection
	 */
	long connection();

	/**
	 * How the first halves of all limits are divided in a minute.
	 * @param minute the number of the minute since 1970
	 * @return the division, which never changes, or {@code null} if it is not known
	 */
	@Nullable Division division(long minute);

	/**
	 * Reports what this Weir has used of a limit, and asks for what it will use.
	 * Repeating a request has no effect. Requests take effect in their order.
	 * @param request the request
	 * @param onReply is called once, on any thread; with {@code null} if the store did
	 * not reply
	 */
	void request(Request request, Consumer<@Nullable Reply> onReply);

	/**
	 * Asks the other Weirs to return what they do not use.
	 * @param key the limit
	 * @param window the number of the window
	 * @param onReturned is called once, after the others had time to do so, on any thread
	 */
	void askOthers(Key key, long window, Runnable onReturned);

	/**
	 * Sets the listener.
	 * @param listener is notified from now on; replaces the previous one
	 */
	void listen(Listener listener);

	/** Is notified on threads that must not be blocked. */
	interface Listener {

		/** The store responds, for the first time or again. */
		void onConnected();

		/** About a second has passed since the last time. */
		void onTick();

		/**
		 * Another Weir needs more of a limit than the store has left.
		 * @param key the limit
		 * @param window the number of the window
		 * @param first whether the other one goes first if this one needs more, too
		 */
		void onShortage(Key key, long window, boolean first);

	}

	/**
	 * Identifies a limit.
	 *
	 * @param client the name of the client
	 * @param property the property that sets it
	 * @param model the pattern of its models, empty for all
	 */
	record Key(String client, String property, String model) {
	}

	/**
	 * The division of a minute.
	 *
	 * @param members how many Weirs have a part of each limit from the beginning
	 * @param member whether this one has
	 */
	record Division(int members, boolean member) {
	}

	/**
	 * What one Weir reports and wants.
	 *
	 * @param key the limit
	 * @param window the number of the window
	 * @param windowMillis the length of the window
	 * @param limit the limit
	 * @param part what each member has from the beginning of the window
	 * @param division the division of the window
	 * @param used what this Weir has used in the window, what is reserved included
	 * @param reserved what of it running requests have reserved, and may not use
	 * @param wanted what it wants to hold, what is used included
	 */
	record Request(Key key, long window, long windowMillis, long limit, long part, Division division, long used,
			long reserved, long wanted) {
	}

	/**
	 * What the store grants.
	 *
	 * @param held what this Weir holds now, what is used included
	 * @param usedByOthers what the others have used, as far as they have reported, what
	 * is reserved included
	 * @param settledByOthers the same without what is reserved
	 * @param idle what the others hold and have not used
	 * @param owed what the previous window has used beyond its limit
	 */
	record Reply(long held, long usedByOthers, long settledByOthers, long idle, long owed) {
	}

}
