package dev.weir.simulator;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.stream.Collectors;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.RateLimitException;
import com.openai.models.audio.transcriptions.TranscriptionCreateParams;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.images.ImageGenerateParams;
import com.openai.models.moderations.ModerationCreateParams;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The official OpenAI SDK, which validates that responses have all required fields.
 */
class SimulatedApiSdkTests {

	private static final String TEXT = "This is a simulated response from openai1. No model was called.";

	private final SimulatedBackend backend = SimulatedBackend
		.start(SimulatorProperties.Backend.withoutDelay("openai1", 1000), Clock.systemUTC());

	private final OpenAIClient client = OpenAIOkHttpClient.builder()
		.baseUrl(this.backend.url() + "/v1")
		.apiKey("any")
		.maxRetries(0)
		.responseValidation(true)
		.build();

	@AfterEach
	void stop() {
		this.client.close();
		this.backend.close();
	}

	@Test
	void readsAChatCompletion() {
		ChatCompletion chat = this.client.chat().completions().create(chatParams().build());
		assertThat(chat.choices().get(0).message().content()).contains(TEXT);
		assertThat(chat.usage()).hasValueSatisfying((usage) -> assertThat(usage.totalTokens()).isEqualTo(12));
	}

	@Test
	void readsAChatStream() {
		ChatCompletionCreateParams params = chatParams()
			.streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
			.build();
		try (StreamResponse<ChatCompletionChunk> stream = this.client.chat().completions().createStreaming(params)) {
			List<ChatCompletionChunk> chunks = stream.stream().toList();
			assertThat(chunks.stream()
				.flatMap((chunk) -> chunk.choices().stream())
				.flatMap((choice) -> choice.delta().content().stream())
				.collect(Collectors.joining())).isEqualTo(TEXT);
			assertThat(chunks.get(chunks.size() - 1).usage()).isPresent();
		}
	}

	@Test
	void readsACompletion() {
		CompletionCreateParams params = CompletionCreateParams.builder().model("gpt-4o").prompt("hi").build();
		assertThat(this.client.completions().create(params).choices().get(0).text()).isEqualTo(TEXT);
	}

	@Test
	void readsEmbeddingsInBothEncodings() {
		CreateEmbeddingResponse floats = this.client.embeddings()
			.create(embeddingParams().encodingFormat(EmbeddingCreateParams.EncodingFormat.FLOAT).build());
		CreateEmbeddingResponse base64 = this.client.embeddings()
			.create(embeddingParams().encodingFormat(EmbeddingCreateParams.EncodingFormat.BASE64).build());
		assertThat(floats.data()).hasSize(2);
		assertThat(floats.data().get(1).embedding()).hasSize(8).isEqualTo(base64.data().get(1).embedding());
	}

	@Test
	void readsAResponse() {
		Response response = this.client.responses().create(responseParams());
		assertThat(text(response)).isEqualTo(TEXT);
		assertThat(response.usage()).hasValueSatisfying((usage) -> assertThat(usage.totalTokens()).isEqualTo(12));
	}

	@Test
	void readsAResponseStream() {
		try (StreamResponse<ResponseStreamEvent> stream = this.client.responses().createStreaming(responseParams())) {
			List<ResponseStreamEvent> events = stream.stream().map(ResponseStreamEvent::validate).toList();
			assertThat(events.stream()
				.flatMap((event) -> event.outputTextDelta().stream())
				.map((event) -> event.delta())
				.collect(Collectors.joining())).isEqualTo(TEXT);
			assertThat(text(events.get(events.size() - 1).asCompleted().response())).isEqualTo(TEXT);
		}
	}

	@Test
	void readsImagesTranscriptionsAndModerations() {
		assertThat(this.client.images()
			.generate(ImageGenerateParams.builder().model("gpt-image-1").prompt("a weir").build())
			.data()).hasValueSatisfying((images) -> assertThat(images.get(0).b64Json()).isPresent());
		assertThat(this.client.audio()
			.transcriptions()
			.create(TranscriptionCreateParams.builder()
				.model("whisper")
				.file("sound".getBytes(StandardCharsets.UTF_8))
				.build())
			.asTranscription()
			.text()).isEqualTo(TEXT);
		assertThat(this.client.moderations()
			.create(ModerationCreateParams.builder().model("omni").input("hi").build())
			.results()
			.get(0)
			.flagged()).isFalse();
	}

	@Test
	void readsAThrottlingError() {
		ChatCompletionCreateParams params = chatParams().maxCompletionTokens(1000).build();
		assertThatExceptionOfType(RateLimitException.class)
			.isThrownBy(() -> this.client.chat().completions().create(params))
			.withMessageContaining("simulated by openai1");
	}

	private static ChatCompletionCreateParams.Builder chatParams() {
		return ChatCompletionCreateParams.builder().model("gpt-4o").addUserMessage("hi");
	}

	private static EmbeddingCreateParams.Builder embeddingParams() {
		return EmbeddingCreateParams.builder()
			.model("text-embedding-3-small")
			.inputOfArrayOfStrings(List.of("a", "b"))
			.dimensions(8);
	}

	private static ResponseCreateParams responseParams() {
		return ResponseCreateParams.builder().model("gpt-4o").input("hi").build();
	}

	private static String text(Response response) {
		return response.output().get(0).asMessage().content().get(0).asOutputText().text();
	}

}
