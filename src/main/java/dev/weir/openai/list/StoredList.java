package dev.weir.openai.list;

import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.call.ApiPath;
import dev.weir.openai.stored.ObjectKind;

/**
 * The lists of objects that belong to an account, and not to another object (OpenAI's API
 * specification, operations {@code list…}). The limits are those of the specification.
 */
public enum StoredList {

	FILES(ObjectKind.FILE, 1, 10_000, 10_000, Order.DESC),

	BATCHES(ObjectKind.BATCH, 1, 100, 20, Order.NONE),

	VECTOR_STORES(ObjectKind.VECTOR_STORE, 1, 100, 20, Order.DESC),

	/** Chat completions with {@code store: true}. */
	CHAT_COMPLETIONS(ObjectKind.CHAT_COMPLETION, 1, 100, 20, Order.ASC),

	FINE_TUNING_JOBS(ObjectKind.FINE_TUNING_JOB, 1, 100, 20, Order.NONE),

	ASSISTANTS(ObjectKind.ASSISTANT, 1, 100, 20, Order.DESC),

	CONTAINERS(ObjectKind.CONTAINER, 1, 100, 20, Order.DESC),

	EVALS(ObjectKind.EVAL, 1, 100, 20, Order.ASC),

	VIDEOS(ObjectKind.VIDEO, 0, 100, 20, Order.DESC),

	/** Azure's list of videos before its v1 API had {@code videos}. */
	VIDEO_JOBS(ObjectKind.VIDEO_JOB, 1, 100, 20, Order.NONE),

	SKILLS(ObjectKind.SKILL, 0, 100, 20, Order.DESC),

	CHATKIT_THREADS(ObjectKind.CHATKIT_THREAD, 0, 100, 20, Order.DESC),

	AUDIO_VOICES("audio/voices", ObjectKind.VOICE, 1, 100, 20, Order.NONE),

	VOICES("voices", ObjectKind.VOICE, 1, 100, 20, Order.NONE),

	VOICE_CONSENTS(ObjectKind.VOICE_CONSENT, 1, 100, 20, Order.NONE),

	/** Not in OpenAI's API; some servers have it. */
	CONVERSATIONS(ObjectKind.CONVERSATION, 1, 100, 20, Order.DESC),

	/** Not in OpenAI's API; some servers have it. */
	THREADS(ObjectKind.THREAD, 1, 100, 20, Order.DESC);

	private static final Map<String, StoredList> BY_PATH = Stream.of(values())
		.collect(Collectors.toUnmodifiableMap(StoredList::path, (list) -> list));

	private final String path;

	private final ObjectKind kind;

	private final int minLimit;

	private final int maxLimit;

	private final int defaultLimit;

	private final Order order;

	StoredList(ObjectKind kind, int minLimit, int maxLimit, int defaultLimit, Order order) {
		this(Objects.requireNonNull(kind.collection()), kind, minLimit, maxLimit, defaultLimit, order);
	}

	StoredList(String path, ObjectKind kind, int minLimit, int maxLimit, int defaultLimit, Order order) {
		this.path = path;
		this.kind = kind;
		this.minLimit = minLimit;
		this.maxLimit = maxLimit;
		this.defaultLimit = defaultLimit;
		this.order = order;
	}

	/**
	 * The list that a call asks for.
	 * @param path the path of the call
	 * @return the list, or {@code null} if the call is another one
	 */
	public static @Nullable StoredList of(ApiPath path) {
		return ("GET".equals(path.method()) && path.deployment() == null) ? BY_PATH.get(path.operationPath()) : null;
	}

	/**
	 * The path of the list.
	 * @return the path after a dialect's prefix
	 */
	public String path() {
		return this.path;
	}

	/**
	 * The kind of its objects.
	 * @return the kind
	 */
	public ObjectKind kind() {
		return this.kind;
	}

	/**
	 * Whether the list is part of OpenAI's or Azure's API.
	 * @return whether every backend can be expected to have it
	 */
	public boolean isSpecified() {
		return this != CONVERSATIONS && this != THREADS;
	}

	int minLimit() {
		return this.minLimit;
	}

	public int maxLimit() {
		return this.maxLimit;
	}

	public int defaultLimit() {
		return this.defaultLimit;
	}

	/**
	 * Whether clients may choose the order.
	 * @return whether the list has a parameter {@code order}
	 */
	boolean hasOrder() {
		return this.order != Order.NONE;
	}

	/** Whether the newest object is the first one unless a client wants it otherwise. */
	boolean isNewestFirst() {
		return this.order != Order.ASC;
	}

	/** The default of the parameter {@code order}. */
	private enum Order {

		ASC, DESC,

		/** There is no such parameter; the newest object is the first one. */
		NONE

	}

}
