package dev.weir.openai.call;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/**
 * What a call wants done. The operations named here run on any backend that serves the
 * model, because they refer to nothing that was stored on one; {@link #OTHER} stands for
 * everything else.
 */
public enum Operation {

	CHAT_COMPLETIONS("chat/completions", Model.REQUIRED),

	COMPLETIONS("completions", Model.REQUIRED),

	EMBEDDINGS("embeddings", Model.REQUIRED),

	/** A prompt template stored with the backend may name the model instead. */
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

	/** {@code GET /models} and {@code GET /models/{model}}: answered by Weir itself. */
	MODELS("models", Model.NONE),

	/** Anything else; it is passed on as it came. */
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
	 * @return the paths behind a dialect's prefix and a deployment
	 */
	static Set<String> paths() {
		return Stream.concat(POSTED.keySet().stream(), Stream.of(MODELS.path)).collect(Collectors.toUnmodifiableSet());
	}

	/**
	 * The methods of a path.
	 * @param path the path behind the dialect's prefix and the deployment
	 * @return the methods with commas between, or {@code null} if Weir does not know the
	 * path
	 */
	static @Nullable String methodsOf(String path) {
		// stored completions can be listed, by the same path
		if (path.equals(CHAT_COMPLETIONS.path)) {
			return "GET, HEAD, POST";
		}
		if (POSTED.containsKey(path)) {
			return "POST";
		}
		return path.equals(MODELS.path) ? "GET, HEAD" : null;
	}

	/**
	 * Returns its path behind the dialect's prefix.
	 * @return the path, without a slash at its ends; empty for {@link #OTHER}
	 */
	public String path() {
		return this.path;
	}

	/**
	 * Whether its calls name a model.
	 * @return whether the model decides which lanes there are
	 */
	public boolean hasModel() {
		return this.model != Model.NONE;
	}

	/**
	 * Whether a call that names no model is a mistake.
	 * @return whether the model is required
	 */
	public boolean needsModel() {
		return this.model == Model.REQUIRED;
	}

	/**
	 * Whether Azure's v1 API has it as a preview only, switched on by
	 * {@code api-version=preview}. See Azure's API reference, "v1 preview".
	 * @return whether it is a preview there
	 */
	boolean isPreviewInAzureV1() {
		return this.previewInAzureV1;
	}

	private enum Model {

		REQUIRED, OPTIONAL, NONE

	}

}
