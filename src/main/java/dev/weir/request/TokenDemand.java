package dev.weir.request;

import dev.weir.openai.body.PromptSize;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.Operation;

/**
 * The estimated tokens of a request, before a backend has counted them. Like Azure's and
 * OpenAI's own estimates, it is made of the size of the request and the most output that
 * it asks for: see docs/clients.md#estimate. Limits reserve it, and the fair queue counts
 * it.
 *
 * @param prompt the tokens of the prompt
 * @param output the most tokens of output that the request states, for all choices
 * @param assumedOutput the tokens of output that are reserved if it states none
 * @param kind what is limited
 */
public record TokenDemand(long prompt, long output, long assumedOutput, Reservation.Kind kind) {

	private static final int BYTES_PER_TOKEN = 4;

	/** An image has 85 to 1,600 tokens (OpenAI's guide "Images and vision"). */
	private static final int TOKENS_PER_FILE = 1000;

	private static final int ASSUMED_OUTPUT = 256;

	private static final long MAX = 1_000_000_000_000L;

	private static final TokenDemand NONE = new TokenDemand(0, 0, 0, Reservation.Kind.REQUEST);

	/** One that must find something left, and is charged when its usage is known. */
	private static final TokenDemand UNKNOWN = new TokenDemand(1, 0, 0, Reservation.Kind.TOKENS);

	/** A session must find something left; its responses are charged when they end. */
	private static final TokenDemand SESSION = new TokenDemand(1, 0, 0, Reservation.Kind.SESSION);

	/**
	 * Estimates a request.
	 * @param call the request
	 * @return its tokens; none if it does not run a model
	 */
	public static TokenDemand of(ApiCall call) {
		Operation operation = call.path().operation();
		RequestBody body = call.body();
		if (operation == Operation.REALTIME) {
			return SESSION;
		}
		boolean generates = isGenerating(operation);
		if (!(generates || operation.hasModel() || isModelCall(call))) {
			return NONE;
		}
		if (body == null) {
			return UNKNOWN;
		}
		PromptSize size = body.promptSize();
		long prompt = Math.max(1,
				(size.textBytes() + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN + (long) size.files() * TOKENS_PER_FILE);
		long output = generates ? Math.min(MAX, body.maxOutputTokens() * Math.min(MAX / 1_000_000_000, body.choices()))
				: 0;
		long assumed = (generates && output == 0) ? Math.min(MAX, ASSUMED_OUTPUT * body.choices()) : 0;
		boolean silent = call.isStream() && body.canAskForUsage()
				&& (operation == Operation.CHAT_COMPLETIONS || operation == Operation.COMPLETIONS);
		return new TokenDemand(prompt, output, assumed,
				silent ? Reservation.Kind.STREAM_WITHOUT_USAGE : Reservation.Kind.TOKENS);
	}

	private static boolean isGenerating(Operation operation) {
		return switch (operation) {
			case CHAT_COMPLETIONS, COMPLETIONS, RESPONSES, RESPONSES_SOCKET -> true;
			case EMBEDDINGS, RESPONSES_COMPACT, RESPONSES_INPUT_TOKENS, IMAGES_GENERATIONS, IMAGES_EDITS,
					IMAGES_VARIATIONS, AUDIO_SPEECH, AUDIO_TRANSCRIPTIONS, AUDIO_TRANSLATIONS, MODERATIONS, MODELS,
					REALTIME, OTHER ->
				false;
		};
	}

	/**
	 * A POST of an unknown operation with a model, such as that of a compatible server.
	 */
	private static boolean isModelCall(ApiCall call) {
		return "POST".equals(call.path().method()) && !call.model().isEmpty();
	}

	/**
	 * What the request states to need.
	 * @return the tokens of prompt and output
	 */
	public long stated() {
		return this.prompt + this.output;
	}

	/**
	 * What is reserved of a limit. An assumed output takes no more than the limit leaves.
	 * @param left what the limit leaves; may be negative
	 * @return the tokens, not less than the request states
	 */
	public long reserved(long left) {
		return Math.max(stated(), Math.min(stated() + this.assumedOutput, left));
	}

}
