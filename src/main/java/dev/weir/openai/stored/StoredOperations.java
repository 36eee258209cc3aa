package dev.weir.openai.stored;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import dev.weir.openai.stored.StoredOperation.Placement;

/**
 * The table of the operations on stored objects (OpenAI's API specification 2.3.0,
 * Azure's API reference). Among operations with the same first segment the first one that
 * matches counts.
 */
final class StoredOperations {

	static final List<StoredOperation> ALL = new Table()
		// responses and conversations
		.add("POST", "responses", RequestShapes.RESPONSE, ResponseShapes.RESPONSE, Placement.ANY)
		.add("POST", "responses/compact", RequestShapes.RESPONSE, ResponseShapes.COMPACTION, Placement.ANY)
		.add("POST", "responses/input_tokens", RequestShapes.RESPONSE, IdShape.NONE, Placement.ANY)
		.bound("responses/{RESPONSE}/input_items", IdShape.NONE, ResponseShapes.ITEMS)
		.bound("responses/{RESPONSE}", IdShape.NONE, ResponseShapes.RESPONSE)
		.bound("responses/{RESPONSE}/**", IdShape.NONE, ResponseShapes.RESPONSE)
		.add("POST", "conversations", RequestShapes.CONVERSATION_ITEMS, IdShape.NONE.id("id", ObjectKind.CONVERSATION),
				Placement.HOME)
		.bound("conversations/{CONVERSATION}/items", RequestShapes.CONVERSATION_ITEMS, ResponseShapes.ITEMS)
		.bound("conversations/{CONVERSATION}/items/{ITEM}", IdShape.NONE, IdShape.NONE)
		.bound("conversations/{CONVERSATION}/**", IdShape.NONE, IdShape.NONE)
		// chat completions with "store": true
		.collection("chat/completions", RequestShapes.CHAT, ResponseShapes.CHAT, Placement.ANY)
		.bound("chat/completions/{CHAT_COMPLETION}/**", IdShape.NONE, IdShape.NONE)
		// files and uploads
		.collection("files", IdShape.NONE, ResponseShapes.FILE, Placement.HOME)
		.add("POST", "files/import", IdShape.NONE, ResponseShapes.FILE, Placement.HOME)
		.bound("files/{FILE}/**", IdShape.NONE, IdShape.NONE)
		.add("POST", "uploads", IdShape.NONE, ResponseShapes.UPLOAD, Placement.HOME)
		.bound("uploads/{UPLOAD}/**", IdShape.NONE, ResponseShapes.UPLOAD.with("id", IdShape.NONE))
		// vector stores
		.collection("vector_stores", RequestShapes.VECTOR_STORE, ResponseShapes.VECTOR_STORE, Placement.HOME)
		.bound("vector_stores/{VECTOR_STORE}/files", RequestShapes.VECTOR_STORE_FILES, ResponseShapes.FILE)
		.bound("vector_stores/{VECTOR_STORE}/files/{FILE}/**", IdShape.NONE, IdShape.NONE)
		.bound("vector_stores/{VECTOR_STORE}/file_batches", RequestShapes.VECTOR_STORE_FILES, IdShape.NONE)
		.bound("vector_stores/{VECTOR_STORE}/**", IdShape.NONE, IdShape.NONE)
		// batches and fine-tuning
		.collection("batches", RequestShapes.BATCH, ResponseShapes.BATCH, Placement.ANY)
		.bound("batches/{BATCH}/**", IdShape.NONE, ResponseShapes.BATCH)
		.collection("fine_tuning/jobs", RequestShapes.FINE_TUNING, ResponseShapes.FINE_TUNING_JOB, Placement.ANY)
		.bound("fine_tuning/jobs/{FINE_TUNING_JOB}/checkpoints", IdShape.NONE, ResponseShapes.CHECKPOINTS)
		.bound("fine_tuning/jobs/{FINE_TUNING_JOB}/events", IdShape.NONE, IdShape.NONE)
		.bound("fine_tuning/jobs/{FINE_TUNING_JOB}/**", IdShape.NONE, ResponseShapes.FINE_TUNING_JOB)
		.bound("fine_tuning/checkpoints/{FINE_TUNED_MODEL}/**", IdShape.NONE, IdShape.NONE)
		.add("DELETE", "models/{FINE_TUNED_MODEL}", IdShape.NONE, IdShape.NONE, Placement.ANY)
		// containers, skills and evals
		.collection("containers", RequestShapes.CONTAINER, ResponseShapes.CONTAINER, Placement.HOME)
		.bound("containers/{CONTAINER}/files", RequestShapes.CONTAINER_FILE, IdShape.NONE)
		.bound("containers/{CONTAINER}/**", IdShape.NONE, IdShape.NONE)
		.collection("skills", IdShape.NONE, ResponseShapes.SKILL, Placement.HOME)
		.bound("skills/{SKILL}/**", IdShape.NONE, IdShape.NONE)
		.collection("evals", IdShape.NONE, ResponseShapes.EVAL, Placement.HOME)
		.bound("evals/{EVAL}/runs", RequestShapes.EVAL_RUN, IdShape.NONE)
		.bound("evals/{EVAL}/**", IdShape.NONE, IdShape.NONE)
		// videos, images and voices
		.collection("videos", RequestShapes.VIDEO, ResponseShapes.VIDEO, Placement.ANY)
		.add("POST", "videos/edits", RequestShapes.VIDEO, ResponseShapes.VIDEO, Placement.ANY)
		.add("POST", "videos/extensions", RequestShapes.VIDEO, ResponseShapes.VIDEO, Placement.ANY)
		.add("POST", "videos/characters", RequestShapes.VIDEO, ResponseShapes.VIDEO_CHARACTER, Placement.HOME)
		.bound("videos/characters/{VIDEO_CHARACTER}", IdShape.NONE, IdShape.NONE)
		.add("POST", "videos/{VIDEO}/remix", IdShape.NONE, ResponseShapes.VIDEO, Placement.ANY)
		.bound("videos/{VIDEO}/**", IdShape.NONE, IdShape.NONE)
		.collection("video/generations/jobs", IdShape.NONE, ResponseShapes.VIDEO_JOB, Placement.ANY)
		.bound("video/generations/jobs/{VIDEO_JOB}/**", IdShape.NONE, ResponseShapes.VIDEO_JOB)
		.bound("video/generations/{VIDEO_GENERATION}/**", IdShape.NONE, IdShape.NONE)
		.add("POST", "images/edits", RequestShapes.IMAGE_EDIT, IdShape.NONE, Placement.ANY)
		.bound("operations/images/{OPERATION}", IdShape.NONE, IdShape.NONE)
		.add("POST", "audio/speech", RequestShapes.SPEECH, IdShape.NONE, Placement.ANY)
		.collection("audio/voices", RequestShapes.VOICE, ResponseShapes.VOICE, Placement.HOME)
		.bound("audio/voices/{VOICE}/**", IdShape.NONE, IdShape.NONE)
		.collection("audio/voice_consents", IdShape.NONE, ResponseShapes.VOICE_CONSENT, Placement.HOME)
		.bound("audio/voice_consents/{VOICE_CONSENT}/**", IdShape.NONE, IdShape.NONE)
		.collection("voices", RequestShapes.VOICE, ResponseShapes.VOICE, Placement.HOME)
		.bound("voices/{VOICE}/**", IdShape.NONE, IdShape.NONE)
		// assistants and threads
		.collection("assistants", RequestShapes.ASSISTANT, ResponseShapes.ASSISTANT, Placement.HOME)
		.bound("assistants/{ASSISTANT}/**", RequestShapes.ASSISTANT, IdShape.NONE)
		.add("POST", "threads", RequestShapes.THREAD, ResponseShapes.THREAD, Placement.HOME)
		.add("POST", "threads/runs", RequestShapes.RUN, ResponseShapes.RUN, Placement.HOME)
		.bound("threads/{THREAD}", RequestShapes.THREAD, IdShape.NONE)
		.bound("threads/{THREAD}/messages", RequestShapes.MESSAGE, IdShape.NONE)
		.bound("threads/{THREAD}/runs", RequestShapes.RUN, IdShape.NONE)
		.bound("threads/{THREAD}/**", IdShape.NONE, IdShape.NONE)
		// ChatKit
		.add("POST", "chatkit/sessions", IdShape.NONE, ResponseShapes.CHATKIT_SESSION, Placement.ANY)
		.bound("chatkit/sessions/{CHATKIT_SESSION}/**", IdShape.NONE, IdShape.NONE)
		.add("GET", "chatkit/threads", IdShape.NONE, ResponseShapes.CHATKIT_THREAD, Placement.ALL)
		.bound("chatkit/threads/{CHATKIT_THREAD}/**", IdShape.NONE, IdShape.NONE)
		// realtime: a new call is named by the location header of its response
		.add("POST", "realtime/client_secrets", RequestShapes.REALTIME_SESSION, IdShape.NONE, Placement.ANY)
		.add("POST", "realtime/calls", RequestShapes.REALTIME_SESSION, IdShape.NONE, Placement.ANY)
		.bound("realtime/calls/{REALTIME_CALL}/**", IdShape.NONE, IdShape.NONE)
		.add("GET", "realtime", IdShape.NONE, IdShape.NONE, Placement.ANY)
		.list();

	/** By the first segment of the path. */
	static final Map<String, List<StoredOperation>> BY_SEGMENT = ALL.stream()
		.collect(Collectors.groupingBy((operation) -> operation.pattern().get(0), Collectors.toUnmodifiableList()));

	private StoredOperations() {
	}

	/** Collects the operations. */
	private static final class Table {

		private final List<StoredOperation> operations = new ArrayList<>();

		Table add(String method, String template, IdShape request, IdShape response, Placement placement) {
			this.operations
				.add(new StoredOperation(method, List.of(template.split("/")), request, response, placement));
			return this;
		}

		/** New objects by POST, and their list by GET. */
		Table collection(String path, IdShape request, IdShape response, Placement created) {
			add("POST", path, request, response, created);
			return add("GET", path, IdShape.NONE, response, Placement.ALL);
		}

		Table bound(String template, IdShape request, IdShape response) {
			return add("*", template, request, response, Placement.ANY);
		}

		List<StoredOperation> list() {
			return List.copyOf(this.operations);
		}

	}

}
