package dev.weir.openai.stored;

/**
 * Where the bodies of requests name stored objects (OpenAI's API specification 2.3.0).
 */
final class RequestShapes {

	private static final IdShape FILE_ID = IdShape.NONE.id("file_id", ObjectKind.FILE);

	private static final IdShape FILE_IDS = IdShape.NONE.id("file_ids", ObjectKind.FILE);

	/** {@code input_file}, {@code input_image} and other parts of a message. */
	private static final IdShape PART = FILE_ID;

	private static final IdShape SKILLS = IdShape.NONE.id("skill_id", ObjectKind.SKILL);

	private static final IdShape IN_CONTAINER = IdShape.NONE.hint("container_id", ObjectKind.CONTAINER);

	/**
	 * An input item, which may be a reference to one, the output of a tool, or an item of
	 * an earlier output, whose ids a response repeats.
	 */
	private static final IdShape ITEM = IdShape.NONE.id("id", ObjectKind.ITEM)
		.content("encrypted_content", ObjectKind.REASONING)
		.with("content", PART.with("annotations", IN_CONTAINER))
		.with("output", PART)
		.with("environment", IN_CONTAINER)
		.hint("container_id", ObjectKind.CONTAINER)
		.id("approval_request_id", ObjectKind.ITEM);

	private static final IdShape ENVIRONMENT = FILE_IDS.id("container_id", ObjectKind.CONTAINER).with("skills", SKILLS);

	private static final IdShape TOOL = IdShape.NONE.id("vector_store_ids", ObjectKind.VECTOR_STORE)
		.with("container", FILE_IDS.with("skills", SKILLS).orId(ObjectKind.CONTAINER, "container"))
		.with("environment", ENVIRONMENT)
		.with("input_image_mask", FILE_ID);

	private static final IdShape PROMPT = IdShape.NONE.id("id", ObjectKind.PROMPT)
		.with("variables", IdShape.NONE.withOthers(PART));

	static final IdShape RESPONSE = IdShape.NONE.id("previous_response_id", ObjectKind.RESPONSE)
		.idOrObject("conversation", ObjectKind.CONVERSATION)
		.with("prompt", PROMPT)
		.with("input", ITEM)
		.with("tools", TOOL);

	static final IdShape CONVERSATION_ITEMS = IdShape.NONE.with("items", ITEM);

	static final IdShape CHAT = IdShape.NONE.with("messages",
			IdShape.NONE.with("content", IdShape.NONE.with("file", FILE_ID)).object("audio", ObjectKind.ITEM));

	static final IdShape IMAGE_EDIT = IdShape.NONE.with("images", FILE_ID).with("mask", FILE_ID);

	static final IdShape SPEECH = IdShape.NONE.object("voice", ObjectKind.VOICE);

	static final IdShape VOICE = IdShape.NONE.id("consent", ObjectKind.VOICE_CONSENT);

	static final IdShape VECTOR_STORE = FILE_IDS;

	static final IdShape VECTOR_STORE_FILES = FILE_IDS.and(FILE_ID).with("files", FILE_ID);

	static final IdShape BATCH = IdShape.NONE.id("input_file_id", ObjectKind.FILE);

	static final IdShape FINE_TUNING = IdShape.NONE.id("training_file", ObjectKind.FILE)
		.id("validation_file", ObjectKind.FILE);

	static final IdShape CONTAINER = FILE_IDS.with("skills", SKILLS);

	static final IdShape CONTAINER_FILE = FILE_ID;

	static final IdShape EVAL_RUN = IdShape.NONE.with("data_source",
			IdShape.NONE.with("source", IdShape.NONE.id("id", ObjectKind.FILE)));

	static final IdShape VIDEO = IdShape.NONE.with("input_reference", FILE_ID)
		.object("characters", ObjectKind.VIDEO_CHARACTER)
		.object("video", ObjectKind.VIDEO);

	private static final IdShape TOOL_RESOURCES = IdShape.NONE.with("tool_resources",
			IdShape.NONE.with("code_interpreter", FILE_IDS)
				.with("file_search",
						IdShape.NONE.id("vector_store_ids", ObjectKind.VECTOR_STORE).with("vector_stores", FILE_IDS)));

	static final IdShape ASSISTANT = TOOL_RESOURCES.and(FILE_IDS);

	static final IdShape MESSAGE = FILE_IDS.with("content", IdShape.NONE.with("image_file", FILE_ID))
		.with("attachments", FILE_ID);

	static final IdShape THREAD = TOOL_RESOURCES.with("messages", MESSAGE);

	static final IdShape RUN = TOOL_RESOURCES.id("assistant_id", ObjectKind.ASSISTANT)
		.with("additional_messages", MESSAGE)
		.with("thread", THREAD);

	static final IdShape REALTIME_SESSION = IdShape.NONE.with("session", IdShape.NONE.with("prompt", PROMPT));

	private RequestShapes() {
	}

}
