package dev.weir.openai.stored;

import org.jspecify.annotations.Nullable;

/**
 * A kind of object that a backend stores (OpenAI's API specification 2.3.0 and Azure's
 * API reference).
 */
public enum ObjectKind {

	RESPONSE("response", "responses"),

	CONVERSATION("conversation", "conversations"),

	CHAT_COMPLETION("chat completion", "chat/completions"),

	FILE("file", "files"),

	/** An upload in parts, which becomes a file. */
	UPLOAD("upload", null),

	VECTOR_STORE("vector store", "vector_stores"),

	BATCH("batch", "batches"),

	FINE_TUNING_JOB("fine-tuning job", "fine_tuning/jobs"),

	/** The result of a fine-tuning job. */
	FINE_TUNED_MODEL("fine-tuned model", "models"),

	CONTAINER("container", "containers"),

	EVAL("eval", "evals"),

	VIDEO("video", "videos"),

	/** A job of Azure's first API for videos. */
	VIDEO_JOB("video job", "video/generations/jobs"),

	/** The video that such a job has made. */
	VIDEO_GENERATION("video generation", "video/generations"),

	VIDEO_CHARACTER("video character", "videos/characters"),

	ASSISTANT("assistant", "assistants"),

	THREAD("thread", "threads"),

	SKILL("skill", "skills"),

	CHATKIT_SESSION("ChatKit session", null),

	CHATKIT_THREAD("ChatKit thread", "chatkit/threads"),

	VOICE("voice", null),

	VOICE_CONSENT("voice consent", "audio/voice_consents"),

	/** A job of Azure's classic API that is found by {@code operation-location}. */
	OPERATION("operation", "operations/images"),

	/** A call over WebRTC or SIP. */
	REALTIME_CALL("call", null),

	/** A part of a response, of a conversation or of a chat. */
	ITEM("item", null),

	/** A prompt template, which is created outside the API. */
	PROMPT("prompt", null),

	/** Encrypted reasoning, by a hash. */
	REASONING("reasoning", null),

	/** An ephemeral key of a realtime session, by a hash. */
	CLIENT_SECRET("client secret", null);

	private final String noun;

	private final @Nullable String collection;

	ObjectKind(String noun, @Nullable String collection) {
		this.noun = noun;
		this.collection = collection;
	}

	/**
	 * The name of the kind in messages.
	 * @return the noun
	 */
	public String noun() {
		return this.noun;
	}

	/**
	 * The path of which {@code GET …/{id}} reads an object of this kind.
	 * @return the path after a dialect's prefix, or {@code null} if such objects cannot
	 * be read by their id
	 */
	public @Nullable String collection() {
		return this.collection;
	}

	/**
	 * Whether Weir records the client of every object of this kind. Clients make up ids
	 * of items themselves, and prompts are not created through Weir.
	 * @return {@code false} if an unknown object may be that of the client
	 */
	public boolean isRecorded() {
		return this != ITEM && this != PROMPT;
	}

	/**
	 * Whether a backend can be asked for an object of this kind. Other objects are only
	 * remembered, and an unknown one does not restrict the choice of a backend.
	 * @return whether it can
	 */
	public boolean canBeAskedFor() {
		return this.collection != null;
	}

}
