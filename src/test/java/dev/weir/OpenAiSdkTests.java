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

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The official OpenAI SDK as a client of Weir, configured for OpenAI, for Azure and for
 * Azure v1.
 */
class OpenAiSdkTests {

	private static final String CLIENT_KEY = "key-of-the-application";

	// longer than max-wait
	private static final Duration DELAY = Duration.ofMillis(1200);

	private static SimulatedBackend small;

	private static SimulatedBackend large;

	private static WeirServer weir;

	private static Stands stands;

	@BeforeAll
	static void start() {
		// the quota of the small backend is enough for one request
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
	void aThrottledBackendIsHiddenFromChat(Configuration configuration) {
		try (Client client = configuration.client("", 0)) {
			assertThat(text(client.chat("chat-" + configuration))).isEqualTo(simulatedText("small"));
			assertThat(text(client.chat("chat-" + configuration))).isEqualTo(simulatedText("large"));
			assertThat(text(client.chat("chat-" + configuration))).isEqualTo(simulatedText("large"));
		}
		assertThat(small.throttled()).isPositive();
	}

	@ParameterizedTest
	@EnumSource
	void aThrottledBackendIsHiddenFromStreamedChat(Configuration configuration) {
		try (Client client = configuration.client("", 0)) {
			assertThat(client.streamedChat("stream-" + configuration)).isEqualTo(simulatedText("small"));
			assertThat(client.streamedChat("stream-" + configuration)).isEqualTo(simulatedText("large"));
		}
	}

	@ParameterizedTest
	@EnumSource
	void aThrottledBackendIsHiddenFromEmbeddings(Configuration configuration) {
		EmbeddingCreateParams params = EmbeddingCreateParams.builder()
			.model("embedding-" + configuration)
			.input("a text of more than ten tokens, so that one fits and two do not")
			.dimensions(8)
			.build();
		try (Client client = configuration.client("", 0)) {
			assertThat(client.sdk.embeddings().create(params).data().get(0).embedding()).hasSize(8);
			assertThat(client.sdk.embeddings().create(params).data().get(0).embedding()).hasSize(8);
		}
	}

	@ParameterizedTest
	// for Azure's classic URLs, which have no deployment here, the SDK writes one
	@EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "AZURE")
	void aThrottledBackendIsHiddenFromResponses(Configuration configuration) {
		ResponseCreateParams params = responseParams("response-" + configuration);
		try (Client client = configuration.client("", 0)) {
			assertThat(text(client.sdk.responses().create(params))).isEqualTo(simulatedText("small"));
			assertThat(text(client.sdk.responses().create(params))).isEqualTo(simulatedText("large"));
		}
	}

	@ParameterizedTest
	// for Azure's classic URLs, which have no deployment here, the SDK writes one
	@EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "AZURE")
	void aThrottledBackendIsHiddenFromStreamedResponses(Configuration configuration) {
		try (Client client = configuration.client("", 0)) {
			assertThat(client.streamedResponse("streamed-response-" + configuration)).isEqualTo(simulatedText("small"));
			assertThat(client.streamedResponse("streamed-response-" + configuration)).isEqualTo(simulatedText("large"));
		}
	}

	@ParameterizedTest
	@EnumSource
	void theKeyOfTheClientReachesNoBackend(Configuration configuration) {
		Stand stand = stands.next(throttling("retry-after: 9"), SERVES);
		try (Client client = configuration.client("/" + stand.name(), 0)) {
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
	void ifAllLanesAreInCooldownTheSdkRetriesAfterTheDelayAndIsServed(Configuration configuration) {
		Stand stand = stands.next(throttlingFirst(DELAY), throttlingFirst(DELAY.multipliedBy(10)));
		long start = System.nanoTime();
		// with a single retry, an early one would end in an error
		try (Client client = configuration.client("/" + stand.name(), 1)) {
			assertThat(text(client.chat("gpt-4o"))).isEqualTo("hello");
		}
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(DELAY);
		assertThat(stand.first().requests()).hasSize(2);
		assertThat(stand.second().requests()).hasSize(1);
	}

	@ParameterizedTest
	@EnumSource
	void ifAllLanesAreInCooldownAnSdkWithoutRetriesRaisesARateLimitException(Configuration configuration) {
		RawBackend.Script throttled = throttling("retry-after: 20");
		Stand stand = stands.next(throttled, throttled);
		try (Client client = configuration.client("/" + stand.name(), 0)) {
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
	void aModelOfNoBackendRaisesNotFoundWithoutARetry(Configuration configuration) {
		RawBackend.Script missing = responding("404 Not Found", Bodies.NO_DEPLOYMENT);
		Stand stand = stands.next(missing, missing);
		try (Client client = configuration.client("/" + stand.name(), 2)) {
			assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> client.chat("gpt-4o"))
				.withMessageContaining("The model 'gpt-4o' has no deployment on any backend of pool " + stand.name())
				.satisfies((ex) -> assertThat(ex.code()).contains("model_not_found"));
		}
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
	}

	@ParameterizedTest
	@EnumSource
	void aFilteredPromptRaisesBadRequestAndIsSentOnce(Configuration configuration) {
		Stand stand = stands.next(responding("400 Bad Request", Bodies.CONTENT_FILTER), SERVES);
		try (Client client = configuration.client("/" + stand.name(), 2)) {
			assertThatExceptionOfType(BadRequestException.class).isThrownBy(() -> client.chat("gpt-4o"))
				.withMessageContaining("The response was filtered.")
				.satisfies((ex) -> assertThat(ex.code()).contains("content_filter"));
		}
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).isEmpty();
	}

	private static RawBackend.Script throttlingFirst(Duration delay) {
		AtomicInteger requests = new AtomicInteger();
		return (call) -> {
			if (requests.getAndIncrement() == 0) {
				call.respond("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after-ms: " + delay.toMillis());
			}
			else {
				call.respond("200 OK", Bodies.COMPLETION);
			}
		};
	}

	private static String simulatedText(String backend) {
		return "This is a simulated response from " + backend + ". No model was called.";
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

	/** The configuration of the SDK. */
	enum Configuration {

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
	 * A client of the SDK.
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
