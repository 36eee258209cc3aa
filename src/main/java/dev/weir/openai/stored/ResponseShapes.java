package dev.weir.openai.stored;

/**
 * Where the bodies of responses name objects of the backend that sent them.
 */
final class ResponseShapes {

	/**
	 * An item that a client may have written, with ids of others in it. RequestShapes has
	 * the places where the client can write them.
	 */
	private static final IdShape ITEM = IdShape.NONE.id("id", ObjectKind.ITEM)
		.content("encrypted_content", ObjectKind.REASONING);

	private static final IdShape OUTPUT = ITEM.result("id", ObjectKind.ITEM)
		.result("container_id", ObjectKind.CONTAINER)
		.with("environment", IdShape.NONE.result("container_id", ObjectKind.CONTAINER))
		.with("content", IdShape.NONE.with("annotations", IdShape.NONE.result("container_id", ObjectKind.CONTAINER)));

	private static final IdShape RESPONSE_OBJECT = IdShape.NONE.id("id", ObjectKind.RESPONSE)
		.echoedObject("conversation", ObjectKind.CONVERSATION)
		.echoedObject("prompt", ObjectKind.PROMPT)
		.with("output", OUTPUT);

	/** A response, or an event of its stream. */
	static final IdShape RESPONSE = RESPONSE_OBJECT.with("response", RESPONSE_OBJECT).with("item", OUTPUT);

	/**
	 * The result of a compaction, which is not stored. It repeats items of the client.
	 */
	static final IdShape COMPACTION = IdShape.NONE.with("output", ITEM.echo("id", ObjectKind.ITEM));

	static final IdShape ITEMS = ITEM.with("data", ITEM);

	static final IdShape CHAT = listed(IdShape.NONE.id("id", ObjectKind.CHAT_COMPLETION)
		.with("choices", IdShape.NONE.with("message", IdShape.NONE.object("audio", ObjectKind.ITEM))
			.with("delta", IdShape.NONE.object("audio", ObjectKind.ITEM))));

	static final IdShape FILE = listed(ObjectKind.FILE);

	static final IdShape UPLOAD = IdShape.NONE.id("id", ObjectKind.UPLOAD).resultObject("file", ObjectKind.FILE);

	static final IdShape VECTOR_STORE = listed(ObjectKind.VECTOR_STORE);

	static final IdShape BATCH = listed(IdShape.NONE.id("id", ObjectKind.BATCH)
		.echo("input_file_id", ObjectKind.FILE)
		.result("output_file_id", ObjectKind.FILE)
		.result("error_file_id", ObjectKind.FILE));

	static final IdShape FINE_TUNING_JOB = listed(IdShape.NONE.id("id", ObjectKind.FINE_TUNING_JOB)
		.echo("training_file", ObjectKind.FILE)
		.echo("validation_file", ObjectKind.FILE)
		.result("result_files", ObjectKind.FILE)
		.result("fine_tuned_model", ObjectKind.FINE_TUNED_MODEL));

	static final IdShape CHECKPOINTS = listed(
			IdShape.NONE.result("fine_tuned_model_checkpoint", ObjectKind.FINE_TUNED_MODEL));

	static final IdShape CONTAINER = listed(ObjectKind.CONTAINER);

	static final IdShape EVAL = listed(ObjectKind.EVAL);

	static final IdShape VIDEO = listed(ObjectKind.VIDEO);

	static final IdShape VIDEO_CHARACTER = listed(ObjectKind.VIDEO_CHARACTER);

	static final IdShape VIDEO_JOB = listed(
			IdShape.NONE.id("id", ObjectKind.VIDEO_JOB).resultObject("generations", ObjectKind.VIDEO_GENERATION));

	static final IdShape ASSISTANT = listed(ObjectKind.ASSISTANT);

	static final IdShape THREAD = IdShape.NONE.id("id", ObjectKind.THREAD);

	/** A run, or an event of its stream. */
	static final IdShape RUN = IdShape.NONE.id("thread_id", ObjectKind.THREAD)
		.echo("assistant_id", ObjectKind.ASSISTANT);

	static final IdShape SKILL = listed(ObjectKind.SKILL);

	static final IdShape CHATKIT_SESSION = IdShape.NONE.id("id", ObjectKind.CHATKIT_SESSION);

	static final IdShape CHATKIT_THREAD = listed(ObjectKind.CHATKIT_THREAD);

	static final IdShape VOICE = listed(ObjectKind.VOICE);

	static final IdShape VOICE_CONSENT = listed(ObjectKind.VOICE_CONSENT);

	private ResponseShapes() {
	}

	private static IdShape listed(ObjectKind kind) {
		return listed(IdShape.NONE.id("id", kind));
	}

	/** An object, or a list of such objects. */
	private static IdShape listed(IdShape object) {
		return object.with("data", object);
	}

}
