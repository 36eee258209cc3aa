package dev.weir;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

import com.openai.azure.AzureOpenAIServiceVersion;
import com.openai.azure.AzureUrlPathMode;
import com.openai.azure.credential.AzureApiKeyCredential;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.RateLimitException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.weir.simulator.SimulatedBackend;
import dev.weir.simulator.SimulatorProperties;
import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.RawBackend.answering;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The official SDK in front of Weir, as an application of OpenAI's and of Azure's uses
 * it.
 */
class OpenAiSdkTests {

	private static final String CLIENT_KEY = "key-of-the-application";

	// longer than Weir might wait itself, shorter than a test should
	private static final Duration REST = Duration.ofMillis(1200);

	private static SimulatedBackend small;

	private static SimulatedBackend large;

	private static WeirServer weir;

	private static Stands stands;

	@BeforeAll
	static void start() {
		// one question fits into the small one's quota, a second does not
		small = SimulatedBackend.start(SimulatorProperties.Backend.withoutDelay("small", 20), Clock.systemUTC());
		large = SimulatedBackend.start(SimulatorProperties.Backend.withoutDelay("large", 1_000_000), Clock.systemUTC());
		weir = WeirServer.withBackends(WeirServer.backend("small", small.url()),
				WeirServer.backend("large", large.url(), "priority: 2"));
		stands = Stands.start(30);
	}

	@AfterAll
	static void stop() {
		stands.close();
		weir.close();
		large.close();
		small.close();
	}

	@ParameterizedTest
	@EnumSource
	void aThrottledBackendIsNeverNoticedInChat(As as) {
		try (Client client = as.client("", 0)) {
			assertThat(text(client.chat("chat-" + as))).isEqualTo(answerOf("small"));
			assertThat(text(client.chat("chat-" + as))).isEqualTo(answerOf("large"));
			assertThat(text(client.chat("chat-" + as))).isEqualTo(answerOf("large"));
		}
		assertThat(small.throttled()).isPositive();
	}

	@ParameterizedTest
	@EnumSource
	void aThrottledBackendIsNeverNoticedInStreamedChat(As as) {
		try (Client client = as.client("", 0)) {
			assertThat(client.streamedChat("stream-" + as)).isEqualTo(answerOf("small"));
			assertThat(client.streamedChat("stream-" + as)).isEqualTo(answerOf("large"));
		}
	}

	@ParameterizedTest
	@EnumSource
	void aThrottledBackendIsNeverNoticedInEmbeddings(As as) {
		EmbeddingCreateParams params = EmbeddingCreateParams.builder()
			.model("embedding-" + as)
			.input("a text of more than ten tokens, so that one fits and two do not")
			.dimensions(8)
			.build();
		try (Client client = as.client("", 0)) {
			assertThat(client.sdk.embeddings().create(params).data().get(0).embedding()).hasSize(8);
			assertThat(client.sdk.embeddings().create(params).data().get(0).embedding()).hasSize(8);
		}
	}

	@ParameterizedTest
	// for Azure's classic URLs, which have no deployment here, the SDK writes one
	@EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "AZURE")
	void aThrottledBackendIsNeverNoticedInResponses(As as) {
		ResponseCreateParams params = responseParams("response-" + as);
		try (Client client = as.client("", 0)) {
			assertThat(text(client.sdk.responses().create(params))).isEqualTo(answerOf("small"));
			assertThat(text(client.sdk.responses().create(params))).isEqualTo(answerOf("large"));
		}
	}

	@ParameterizedTest
	// for Azure's classic URLs, which have no deployment here, the SDK writes one
	@EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "AZURE")
	void aThrottledBackendIsNeverNoticedInStreamedResponses(As as) {
		try (Client client = as.client("", 0)) {
			assertThat(client.streamedResponse("streamed-response-" + as)).isEqualTo(answerOf("small"));
			assertThat(client.streamedResponse("streamed-response-" + as)).isEqualTo(answerOf("large"));
		}
	}

	@ParameterizedTest
	@EnumSource
	void theClientsKeyReachesNoBackend(As as) {
		Stand stand = stands.next(answering("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after: 9"),
				answering("200 OK", Bodies.COMPLETION));
		try (Client client = as.client("/" + stand.name(), 0)) {
			assertThat(text(client.chat("gpt-4o"))).isEqualTo("hello");
		}
		assertThat(stand.first().requests()).singleElement()
			.asString()
			.containsIgnoringCase("api-key: key-of-" + stand.firstName() + "\r\n")
			.doesNotContain(CLIENT_KEY)
			.doesNotContainIgnoringCase("authorization:")
			.doesNotContainIgnoringCase("x-stainless");
		assertThat(stand.second().requests()).singleElement()
			.asString()
			.containsIgnoringCase("api-key: key-of-" + stand.secondName() + "\r\n")
			.doesNotContain(CLIENT_KEY)
			.doesNotContain("key-of-" + stand.firstName());
	}

	@ParameterizedTest
	@EnumSource
	void whenAllRestTheSdkComesBackOnceAtTheRightTimeAndIsServed(As as) {
		Stand stand = stands.next(throttlingFirst(REST), throttlingFirst(REST.multipliedBy(10)));
		long start = System.nanoTime();
		// with a single retry, one that came too early would end in an error
		try (Client client = as.client("/" + stand.name(), 1)) {
			assertThat(text(client.chat("gpt-4o"))).isEqualTo("hello");
		}
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(REST);
		assertThat(stand.first().requests()).hasSize(2);
		assertThat(stand.second().requests()).hasSize(1);
	}

	@ParameterizedTest
	@EnumSource
	void whenAllRestAnSdkThatMayNotRetryRaisesARateLimitThatExplains(As as) {
		RawBackend.Script throttled = answering("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after: 20");
		Stand stand = stands.next(throttled, throttled);
		try (Client client = as.client("/" + stand.name(), 0)) {
			assertThatExceptionOfType(RateLimitException.class).isThrownBy(() -> client.chat("gpt-4o"))
				.withMessageContaining("All 2 backends of pool " + stand.name() + " that serve gpt-4o are at the limit")
				.satisfies((ex) -> {
					assertThat(ex.code()).contains("rate_limit_exceeded");
					assertThat(ex.type()).contains("requests");
					assertThat(ex.headers().values("retry-after")).singleElement().isEqualTo("20");
				});
		}
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
	}

	@ParameterizedTest
	@EnumSource
	void aModelThatNoBackendHasRaisesNotFoundWithoutARetry(As as) {
		RawBackend.Script missing = answering("404 Not Found", Bodies.NO_DEPLOYMENT);
		Stand stand = stands.next(missing, missing);
		try (Client client = as.client("/" + stand.name(), 2)) {
			assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> client.chat("gpt-4o"))
				.withMessageContaining("The model 'gpt-4o' has no deployment on any backend of pool " + stand.name())
				.satisfies((ex) -> assertThat(ex.code()).contains("model_not_found"));
		}
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
	}

	@ParameterizedTest
	@EnumSource
	void aFilteredPromptRaisesBadRequestAndIsSentOnce(As as) {
		Stand stand = stands.next(answering("400 Bad Request", Bodies.CONTENT_FILTER),
				answering("200 OK", Bodies.COMPLETION));
		try (Client client = as.client("/" + stand.name(), 2)) {
			assertThatExceptionOfType(BadRequestException.class).isThrownBy(() -> client.chat("gpt-4o"))
				.withMessageContaining("The response was filtered.")
				.satisfies((ex) -> assertThat(ex.code()).contains("content_filter"));
		}
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).isEmpty();
	}

	private static RawBackend.Script throttlingFirst(Duration rest) {
		AtomicInteger calls = new AtomicInteger();
		return (call) -> {
			if (calls.getAndIncrement() == 0) {
				call.answer("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after-ms: " + rest.toMillis());
			}
			else {
				call.answer("200 OK", Bodies.COMPLETION);
			}
		};
	}

	private static String answerOf(String backend) {
		return "This is a simulated answer from " + backend + ". No model was called.";
	}

	private static String text(ChatCompletion completion) {
		return completion.choices().get(0).message().content().orElseThrow();
	}

	private static String text(com.openai.models.responses.Response response) {
		return response.output().get(0).asMessage().content().get(0).asOutputText().text();
	}

	private static ResponseCreateParams responseParams(String model) {
		return ResponseCreateParams.builder().model(model).input("hi").build();
	}

	/** Whose application it is. */
	enum As {

		OPENAI {

			@Override
			OpenAIOkHttpClient.Builder set(OpenAIOkHttpClient.Builder builder, String base) {
				return builder.baseUrl(base + "/v1").apiKey(CLIENT_KEY);
			}

		},

		AZURE {

			@Override
			OpenAIOkHttpClient.Builder set(OpenAIOkHttpClient.Builder builder, String base) {
				return builder.baseUrl(base)
					.azureUrlPathMode(AzureUrlPathMode.LEGACY)
					.azureServiceVersion(AzureOpenAIServiceVersion.getV2024_10_21())
					.credential(AzureApiKeyCredential.create(CLIENT_KEY));
			}

		},

		AZURE_V1 {

			@Override
			OpenAIOkHttpClient.Builder set(OpenAIOkHttpClient.Builder builder, String base) {
				return builder.baseUrl(base + "/openai/v1")
					.azureUrlPathMode(AzureUrlPathMode.UNIFIED)
					.credential(AzureApiKeyCredential.create(CLIENT_KEY));
			}

		};

		abstract OpenAIOkHttpClient.Builder set(OpenAIOkHttpClient.Builder builder, String base);

		Client client(String prefix, int retries) {
			String base = (prefix.isEmpty() ? weir : stands.weir()).uri(prefix).toString();
			return new Client(set(OpenAIOkHttpClient.builder(), base).maxRetries(retries).build());
		}

	}

	/**
	 * The SDK's client.
	 *
	 * @param sdk the client
	 */
	record Client(OpenAIClient sdk) implements AutoCloseable {

		ChatCompletion chat(String model) {
			return this.sdk.chat().completions().create(params(model));
		}

		String streamedChat(String model) {
			try (StreamResponse<ChatCompletionChunk> stream = this.sdk.chat()
				.completions()
				.createStreaming(params(model))) {
				List<ChatCompletionChunk> chunks = stream.stream().toList();
				assertThat(chunks).hasSizeGreaterThan(10);
				return chunks.stream()
					.flatMap((chunk) -> chunk.choices().stream())
					.flatMap((choice) -> choice.delta().content().stream())
					.collect(Collectors.joining());
			}
		}

		String streamedResponse(String model) {
			try (StreamResponse<ResponseStreamEvent> stream = this.sdk.responses()
				.createStreaming(responseParams(model))) {
				List<ResponseStreamEvent> events = stream.stream().toList();
				String whole = text(events.get(events.size() - 1).asCompleted().response());
				assertThat(events.stream()
					.flatMap((event) -> event.outputTextDelta().stream())
					.map((event) -> event.delta())
					.collect(Collectors.joining())).isEqualTo(whole);
				return whole;
			}
		}

		private static ChatCompletionCreateParams params(String model) {
			return ChatCompletionCreateParams.builder().model(model).addUserMessage("hi").build();
		}

		@Override
		public void close() {
			this.sdk.close();
		}

	}

}
