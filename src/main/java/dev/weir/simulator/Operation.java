package dev.weir.simulator;

import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What a simulated backend can be asked for.
 */
enum Operation {

	CHAT("chat/completions", "ChatCompletions_Create", 16, ChatAnswers::answer),

	COMPLETION("completions", "Completions_Create", 16, CompletionAnswers::answer),

	EMBEDDING("embeddings", "Embeddings_Create", 0, EmbeddingAnswers::answer),

	RESPONSE("responses", "Responses_Create", 16, ResponseAnswers::answer),

	IMAGE("images/generations", "ImageGenerations_Create", 0, ImageAnswers::answer),

	SPEECH("audio/speech", "Audio_Speech", 0, AudioAnswers::speech),

	TRANSCRIPTION("audio/transcriptions", "Audio_Transcriptions", 0, AudioAnswers::text),

	TRANSLATION("audio/translations", "Audio_Translations", 0, AudioAnswers::text),

	MODERATION("moderations", "Moderations_Create", 0, ModerationAnswers::answer);

	private final String path;

	private final String azureName;

	private final int defaultOutputTokens;

	private final Function<Call, Answer> answers;

	Operation(String path, String azureName, int defaultOutputTokens, Function<Call, Answer> answers) {
		this.path = path;
		this.azureName = azureName;
		this.defaultOutputTokens = defaultOutputTokens;
		this.answers = answers;
	}

	static Optional<Operation> at(String path) {
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
	 * Returns the output tokens a quota reserves for a request that names no maximum.
	 * @return the number of tokens; 0 for operations whose output is not text
	 */
	int defaultOutputTokens() {
		return this.defaultOutputTokens;
	}

	boolean isMultipart() {
		return this == TRANSCRIPTION || this == TRANSLATION;
	}

	Answer answer(Call call) {
		return this.answers.apply(call);
	}

}
