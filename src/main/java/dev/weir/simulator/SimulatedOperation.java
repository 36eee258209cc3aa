package dev.weir.simulator;

import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The operations of a simulated backend.
 */
enum SimulatedOperation {

	CHAT("chat/completions", "ChatCompletions_Create", 16, ChatApi::respond),

	COMPLETION("completions", "Completions_Create", 16, CompletionsApi::respond),

	EMBEDDING("embeddings", "Embeddings_Create", 0, EmbeddingsApi::respond),

	RESPONSE("responses", "Responses_Create", 16, ResponsesApi::respond),

	IMAGE("images/generations", "ImageGenerations_Create", 0, ImagesApi::respond),

	SPEECH("audio/speech", "Audio_Speech", 0, AudioApi::speech),

	TRANSCRIPTION("audio/transcriptions", "Audio_Transcriptions", 0, AudioApi::text),

	TRANSLATION("audio/translations", "Audio_Translations", 0, AudioApi::text),

	MODERATION("moderations", "Moderations_Create", 0, ModerationsApi::respond);

	private final String path;

	private final String azureName;

	private final int defaultOutputTokens;

	private final Function<SimulatedRequest, SimulatedResponse> responder;

	SimulatedOperation(String path, String azureName, int defaultOutputTokens,
			Function<SimulatedRequest, SimulatedResponse> responder) {
		this.path = path;
		this.azureName = azureName;
		this.defaultOutputTokens = defaultOutputTokens;
		this.responder = responder;
	}

	static Optional<SimulatedOperation> at(String path) {
		return Stream.of(values()).filter((operation) -> operation.path.equals(path)).findFirst();
	}

	/**
	 * Returns the name that Azure's error messages use.
	 * @return the name
	 */
	String azureName() {
		return this.azureName;
	}

	/**
	 * Returns the output tokens that a quota reserves for a request without a maximum.
	 * @return the number of tokens; 0 for operations whose output is not text
	 */
	int defaultOutputTokens() {
		return this.defaultOutputTokens;
	}

	boolean isMultipart() {
		return this == TRANSCRIPTION || this == TRANSLATION;
	}

	SimulatedResponse respond(SimulatedRequest request) {
		return this.responder.apply(request);
	}

}
