package dev.weir.openai.call;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/**
 * An operation of the API. Any backend that serves the model can execute the operations
 * listed here, because they do not refer to anything stored. {@link #OTHER} is used for
 * all others.
 */
public enum Operation {

	CHAT_COMPLETIONS("chat/completions", Model.REQUIRED),

	COMPLETIONS("completions", Model.REQUIRED),

	EMBEDDINGS("embeddings", Model.REQUIRED),

	/** A prompt template that a backend stores may name the model instead. */
	RESPONSES("responses", Model.OPTIONAL),

	RESPONSES_COMPACT("responses/compact", Model.OPTIONAL),

	RESPONSES_INPUT_TOKENS("responses/input_tokens", Model.OPTIONAL),

	IMAGES_GENERATIONS("images/generations", Model.OPTIONAL, true),

	IMAGES_EDITS("images/edits", Model.OPTIONAL, true),

	IMAGES_VARIATIONS("images/variations", Model.OPTIONAL),

	AUDIO_SPEECH("audio/speech", Model.REQUIRED, true),

	AUDIO_TRANSCRIPTIONS("audio/transcriptions", Model.REQUIRED, true),

	AUDIO_TRANSLATIONS("audio/translations", Model.REQUIRED, true),

	MODERATIONS("moderations", Model.OPTIONAL),

	/** {@code GET /models} and {@code GET /models/{model}}: Weir replies itself. */
	MODELS("models", Model.NONE),
	/** The handshake of a WebSocket for realtime sessions. Its query names the model. */
	REALTIME("realtime", Model.NONE),
	/** The handshake of a WebSocket for responses. Its messages name the models. */
	RESPONSES_SOCKET("responses", Model.NONE),

	/** Any other call, which Weir forwards unchanged. */
	OTHER("", Model.NONE);

	private static final Map<String, Operation> POSTED = Stream.of(values())
		.filter((operation) -> operation.model != Model.NONE)
		.collect(Collectors.toUnmodifiableMap((operation) -> operation.path, (operation) -> operation));

	private final String path;

	private final Model model;

	private final boolean previewInAzureV1;

	Operation(String path, Model model) {
		this(path, model, false);
	}

	Operation(String path, Model model, boolean previewInAzureV1) {
		this.path = path;
		this.model = model;
		this.previewInAzureV1 = previewInAzureV1;
	}

	static Operation of(String method, String path) {
		if ("POST".equals(method)) {
			@Nullable Operation operation = POSTED.get(path);
			return (operation != null) ? operation : OTHER;
		}
		boolean models = path.equals(MODELS.path) || path.startsWith(MODELS.path + "/");
		return (models && ("GET".equals(method) || "HEAD".equals(method))) ? MODELS : OTHER;
	}

	/**
	 * The paths of the operations.
	 * @return the paths after a dialect's prefix and a deployment
	 */
	static Set<String> paths() {
		return Stream.concat(POSTED.keySet().stream(), Stream.of(MODELS.path)).collect(Collectors.toUnmodifiableSet());
	}

	/**
	 * The methods of a path.
	 * @param path the path after the dialect's prefix and the deployment
	 * @return the methods, separated by commas, or {@code null} if the path is unknown
	 */
	static @Nullable String methodsOf(String path) {
		// GET lists stored completions
		if (path.equals(CHAT_COMPLETIONS.path)) {
			return "GET, HEAD, POST";
		}
		if (POSTED.containsKey(path)) {
			return "POST";
		}
		return path.equals(MODELS.path) ? "GET, HEAD" : null;
	}

	/**
	 * Returns the path after the dialect's prefix.
	 * @return the path, without a slash at both ends; empty for {@link #OTHER}
	 */
	public String path() {
		return this.path;
	}

	/**
	 * The operation of a WebSocket handshake.
	 * @param path the path after the dialect's prefix
	 * @return the operation, or {@code null} if the API has no WebSocket at this path
	 */
	static @Nullable Operation ofHandshake(String path) {
		for (Operation operation : new Operation[] { REALTIME, RESPONSES_SOCKET }) {
			if (operation.path.equals(path)) {
				return operation;
			}
		}
		return null;
	}

	/**
	 * Whether this is the handshake of a WebSocket.
	 * @return whether a success is a change of the protocol
	 */
	public boolean isHandshake() {
		return this == REALTIME || this == RESPONSES_SOCKET;
	}

	/**
	 * Whether calls of this operation can name a model.
	 * @return whether the model decides about the lanes
	 */
	public boolean hasModel() {
		return this.model != Model.NONE;
	}

	/**
	 * Whether calls of this operation must name a model.
	 * @return whether the model is required
	 */
	public boolean needsModel() {
		return this.model == Model.REQUIRED;
	}

	/**
	 * Whether the operation is a preview in Azure's v1 API, which requires
	 * {@code api-version=preview}. See Azure's API reference, "v1 preview".
	 * @return whether it is a preview
	 */
	boolean isPreviewInAzureV1() {
		return this.previewInAzureV1;
	}

	private enum Model {

		REQUIRED, OPTIONAL, NONE

	}

}
