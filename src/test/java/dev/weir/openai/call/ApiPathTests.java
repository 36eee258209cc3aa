package dev.weir.openai.call;

import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.error.ApiErrorException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class ApiPathTests {

	@ParameterizedTest
	@CsvSource({ "/openai/deployments/gpt-4o/chat/completions, AZURE, CHAT_COMPLETIONS, gpt-4o",
			"/openai/deployments/chat/chat/completions, AZURE, CHAT_COMPLETIONS, chat",
			"/openai/deployments/my%20model/embeddings, AZURE, EMBEDDINGS, my model",
			"/openai/responses, AZURE, RESPONSES,", "/openai/files, AZURE, OTHER,",
			"/openai/deployments, AZURE, OTHER,", "/openai/deployments/x, AZURE, OTHER,",
			"/openai/deployments/meta/llama-3/chat/completions, AZURE, CHAT_COMPLETIONS, meta/llama-3",
			"/openai/deployments/meta%2Fllama-3/chat/completions, AZURE, CHAT_COMPLETIONS, meta/llama-3",
			"/openai/deployments/a/b%2Fc/completions/, AZURE, COMPLETIONS, a/b/c",
			"/openai/deployments/a/b/c/audio/speech, AZURE, AUDIO_SPEECH, a/b/c",
			"/openai/deployments/m/extensions/chat/completions, AZURE, OTHER, m",
			"/openai/deployments/m/whatever, AZURE, OTHER, m", "/openai/deployments/a%2Fb/whatever, AZURE, OTHER, a/b",
			"/openai/v1/chat/completions, AZURE_V1, CHAT_COMPLETIONS,",
			"/openai/v1/responses/compact, AZURE_V1, RESPONSES_COMPACT,",
			"/v1/chat/completions, OPENAI, CHAT_COMPLETIONS,",
			"/v1/audio/transcriptions, OPENAI, AUDIO_TRANSCRIPTIONS,", "/v1/files, OPENAI, OTHER,",
			"/chat/completions, ROOT, CHAT_COMPLETIONS,", "/embeddings, ROOT, EMBEDDINGS,", "/, ROOT, OTHER,",
			"/v1/chat/completions/, OPENAI, CHAT_COMPLETIONS,", "/v1, ROOT, OTHER,", "/openai, ROOT, OTHER," })
	void findsDialectAndOperationAndDeployment(String path, ClientDialect dialect, Operation operation,
			@Nullable String deployment) {
		ApiPath parsed = ApiPath.parse("POST", path, null);
		assertThat(parsed.dialect()).isEqualTo(dialect);
		assertThat(parsed.operation()).isEqualTo(operation);
		assertThat(parsed.deployment()).isEqualTo(deployment);
	}

	@Test
	void theOperationDependsOnTheMethod() {
		assertThat(ApiPath.parse("GET", "/v1/chat/completions", null).operation()).isEqualTo(Operation.OTHER);
		assertThat(ApiPath.parse("GET", "/v1/models", null).operation()).isEqualTo(Operation.MODELS);
		assertThat(ApiPath.parse("HEAD", "/v1/models", null).operation()).isEqualTo(Operation.MODELS);
		assertThat(ApiPath.parse("DELETE", "/v1/models/ft-1", null).operation()).isEqualTo(Operation.OTHER);
		assertThat(ApiPath.parse("POST", "/v1/models", null).operation()).isEqualTo(Operation.OTHER);
		assertThat(ApiPath.parse("GET", "/v1/modelsx", null).operation()).isEqualTo(Operation.OTHER);
	}

	@ParameterizedTest
	@CsvSource({ "/v1/models,", "/v1/models/gpt-4o, gpt-4o", "/openai/models/gpt%204o, gpt 4o", "/models/, " })
	void findsTheIdOfTheItem(String path, @Nullable String item) {
		assertThat(ApiPath.parse("GET", path, null).itemId()).isEqualTo(item);
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-", value = {
			// classic stays classic, with the client's version unless the backend has
			// its own
			"/openai/deployments/gpt-4o/chat/completions, api-version=2024-10-21, -, /openai/deployments/D/chat/completions?api-version=2024-10-21",
			"/openai/deployments/gpt-4o/chat/completions, api-version=2024-10-21&x=1, 2025-01-01, /openai/deployments/D/chat/completions?x=1&api-version=2025-01-01",
			"/openai/deployments/gpt-4o/chat/completions, -, 2025-01-01, /openai/deployments/D/chat/completions?api-version=2025-01-01",
			"/openai/deployments/chat/chat/completions, -, -, /openai/deployments/D/chat/completions",
			"/openai/responses, api-version=2025-03-01-preview, -, /openai/responses?api-version=2025-03-01-preview",
			"/openai/files, api-version=2024-10-21, -, /openai/files?api-version=2024-10-21",
			// everything else is Azure's v1
			"/openai/v1/chat/completions, -, 2025-01-01, /openai/v1/chat/completions",
			"/openai/v1/chat/completions, api-version=preview, -, /openai/v1/chat/completions?api-version=preview",
			"/v1/chat/completions, -, -, /openai/v1/chat/completions",
			"/chat/completions, -, -, /openai/v1/chat/completions", "/v1/responses, -, -, /openai/v1/responses",
			"/v1/files, limit=3, -, /openai/v1/files?limit=3",
			"/v1/audio/speech, -, -, /openai/v1/audio/speech?api-version=preview",
			"/images/generations, -, -, /openai/v1/images/generations?api-version=preview",
			"/openai/v1/audio/speech, api-version=v2, -, /openai/v1/audio/speech?api-version=v2" })
	void writesTheTargetOnAzure(String path, @Nullable String query, @Nullable String version, String target) {
		assertThat(ApiPath.parse("POST", path, query).toAzureTarget("D", version)).isEqualTo(target);
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-",
			value = { "/openai/deployments/gpt-4o/chat/completions, api-version=2024-10-21, /chat/completions",
					"/openai/deployments/gpt-4o/audio/speech, api-version=2024-10-21&x=1, /audio/speech?x=1",
					"/openai/responses, api-version=2025-03-01-preview, /responses",
					"/openai/v1/embeddings, api-version=preview, /embeddings", "/v1/moderations, -, /moderations",
					"/v1/embeddings/, -, /embeddings", "/embeddings, -, /embeddings",
					"/v1/files, limit=3&after=a%20b, /files?limit=3&after=a%20b" })
	void writesTheTargetOnOpenAi(String path, @Nullable String query, String target) {
		assertThat(ApiPath.parse("POST", path, query).toOpenAiTarget()).isEqualTo(target);
	}

	@Test
	void encodesTheDeployment() {
		ApiPath path = ApiPath.parse("POST", "/openai/deployments/a/embeddings", null);
		assertThat(path.toAzureTarget("b c/d?e", null)).isEqualTo("/openai/deployments/b%20c%2Fd%3Fe/embeddings");
	}

	@ParameterizedTest
	@CsvSource({ "api-key=secret", "API-KEY=secret", "api%2dkey=secret", "a=1&api-key=secret&b=2", "api-key",
			"api-key=x&api-key=secret" })
	void removesCredentials(String query) {
		ApiPath path = ApiPath.parse("POST", "/v1/chat/completions", query);
		assertThat(path.query()).doesNotContainIgnoringCase("key").doesNotContain("secret");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/openai/assistants", "/openai/files/f-1/content", "/openai/responses/r-1", "/v1/whatever",
			"/openai/fine_tuning/jobs", "/openai/deploymentsx" })
	void storedResourcesFitOpenAi(String path) {
		assertThat(ApiPath.parse("GET", path, null).fitsOpenAi()).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/openai/deployments", "/openai/deployments/m", "/openai/operations/images/1",
			"/openai/deployments/m/extensions/chat/completions", "/openai/images/generations:submit" })
	void operationsOfAzureDoNotFitOpenAi(String path) {
		assertThat(ApiPath.parse("POST", path, null).fitsOpenAi()).isFalse();
	}

	@ParameterizedTest
	@CsvSource({ "POST, /v1/files, true", "POST, /v1/batches, true", "POST, /openai/fine_tuning/jobs, true",
			"POST, /v1/responses/r-1/cancel, true", "POST, /v1/videos, true", "POST, /v1/rerank, true",
			"PATCH, /v1/whatever, true", "POST, /openai/deployments/m/whatever, true", "GET, /v1/files, false",
			"DELETE, /v1/files/f-1, false", "PUT, /v1/files/f-1, false", "POST, /v1/chat/completions, false",
			"POST, /v1/responses, false", "POST, /openai/deployments/m/embeddings, false" })
	void findsCallsThatAreUnsafeToRepeat(String method, String path, boolean creates) {
		assertThat(ApiPath.parse(method, path, null).isUnsafeToRepeat()).isEqualTo(creates);
	}

	@ParameterizedTest
	@CsvSource({ "POST,/v1/responses,true", "POST,/v1/responses/compact,true", "POST,/v1/chat/completions,true",
			"POST,/v1/rerank,true", "POST,/v1/threads/runs,true", "POST,/v1/threads/t/runs,true",
			"POST,/v1/threads/t/runs/r/submit_tool_outputs,true", "POST,/v1/videos/v/remix,true",
			"GET,/v1/responses/r,false", "HEAD,/v1/responses/r,false", "DELETE,/v1/responses/r,false",
			"POST,/openai/v1/responses/r/cancel,false", "GET,/v1/chat/completions/c,false",
			"POST,/v1/chat/completions/c,false", "GET,/v1/threads/t/runs/r,false", "POST,/v1/threads/t/runs/r,false",
			"POST,/v1/threads/t/runs/r/cancel,false", "GET,/v1/batches/b,false", "POST,/v1/batches/b/cancel,false" })
	void findsCallsWhoseUsageIsThatOfAnEarlierCall(String method, String path, boolean uses) {
		assertThat(ApiPath.parse(method, path, null).usesTokens()).isEqualTo(uses);
	}

	@ParameterizedTest
	@CsvSource({ "POST, /v1/chat/completions, true", "POST, /v1/rerank, true", "POST, /score, true",
			"POST, /v1/videos, true", "POST, /v1/realtime/sessions, true", "POST, /v1/filesystem, true",
			"GET, /v1/rerank, false", "PATCH, /v1/rerank, false", "POST, /v1/files, false",
			"POST, /openai/v1/fine_tuning/jobs, false", "POST, /openai/assistants, false",
			"POST, /v1/threads/runs, false", "POST, /v1/evals/e-1/runs, false", "POST, /batches, false",
			"GET, /v1/models, false" })
	void findsCallsWhoseBodyMayNameAModel(String method, String path, boolean decides) {
		assertThat(ApiPath.parse(method, path, null).mayNameModel()).isEqualTo(decides);
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "/openai/deployments/gpt-4o%2Fchat/completions", "/openai/deployments/m%2Fchat/completions/",
					"/openai/deployments/m%2Fembeddings", "/openai/deployments/m/a%2Fb", "/v1/files/models/a%2Fb",
					"/openai/deployments/m%2Fextensions%2Fchat/completions" })
	void anEncodedSlashThatCouldChangeTheOperationIsRefused(String path) {
		assertThatThrownBy(() -> ApiPath.parse("POST", path, null)).isInstanceOf(ApiErrorException.class)
			.hasMessageContaining("encoded slash");
	}

	@ParameterizedTest
	@CsvSource({ "/openai/Deployments/gpt-4o/chat/completions, /openai/deployments/gpt-4o/chat/completions",
			"/OPENAI/deployments/GPT/chat/completions, /openai/deployments/GPT/chat/completions",
			"/openai/deployments/GPT/Chat/completions, /openai/deployments/GPT/chat/completions",
			"/openai/deployments/m/Audio/Speech/, /openai/deployments/m/audio/speech",
			"/openai/Deployments, /openai/deployments", "/openai/V1/files, /openai/v1/files", "/V1/files, /v1/files",
			"/v1/Files, /v1/files", "/FILES, /files", "/v1/audio/Speech/, /v1/audio/speech",
			"/v1/Responses/resp_A, /v1/responses/resp_A", "/v1/responses/Compact, /v1/responses/compact",
			"/v1/vector_stores/vs_A/Files, /v1/vector_stores/vs_A/files",
			"/v1/Vector_Stores/vs_A/File_Batches, /v1/vector_stores/vs_A/file_batches",
			"/v1/threads/Runs, /v1/threads/runs", "/v1/threads/th_A/Messages, /v1/threads/th_A/messages",
			"/v1/fine_tuning/Jobs/ft_A/events, /v1/fine_tuning/jobs/ft_A/events", "/v1/Models/M, /v1/models/M",
			"/v1/realtime/Client_Secrets, /v1/realtime/client_secrets", "/v1/Realtime/Sessions, /v1/realtime/sessions",
			"/v1/Organization/users, /v1/organization/users", "/v1/files., /v1/files", "/v1/files%20, /v1/files",
			"/v1/files%20.%20, /v1/files", "/v1./files, /v1/files", "/v1/chat/completions., /v1/chat/completions" })
	void aPathThatAServerMayReadAsAKnownOneIsRefused(String path, String meant) {
		for (String method : List.of("GET", "POST")) {
			assertThatThrownBy(() -> ApiPath.parse(method, path, null))
				.isInstanceOfSatisfying(ApiErrorException.class, (ex) -> assertThat(ex.error().status()).isEqualTo(404))
				.hasMessageContaining(" is spelled " + meant + ".");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/models/Files", "/v1/models/org/Files", "/openai/deployments/Files/chat/completions",
			"/openai/deployments/Chat/chat/completions", "/openai/deployments/GPT-4.1/embeddings",
			"/openai/deployments/Meta/Llama-3.1/chat/completions", "/openai/deployments/org/Files/chat/completions",
			"/v1/files/Files", "/v1/responses/resp_ABC/input_items", "/v1/Whatever/files", "/v1/files/a.b%20c/content",
			"/V2/files", "/", "/v1/", "/OpenAIx/v1" })
	void idsAndNamesAndUnknownPathsMayHaveCapitals(String path) {
		assertThat(ApiPath.parse("GET", path, null)).isNotNull();
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-", value = { "2024-10-21, -", "2025-04-01-preview, -", "'', -", "%32024-10-21, -",
			"preview, preview", "v1, v1", "latest, latest" })
	void aDatedVersionIsDroppedFromV1Paths(String version, @Nullable String left) {
		for (String path : List.of("/v1/chat/completions", "/openai/v1/chat/completions", "/chat/completions")) {
			ApiPath call = ApiPath.parse("POST", path, "a=1&API-Version=" + version + "&x=%20");
			assertThat(call.toAzureTarget("D", "2025-01-01")).isEqualTo(
					"/openai/v1/chat/completions?a=1" + ((left != null) ? "&API-Version=" + left : "") + "&x=%20");
			assertThat(call.lacksApiVersion()).isFalse();
		}
		assertThat(ApiPath.parse("POST", "/v1/chat/completions", "api-version=2024-10-21").toOpenAiTarget())
			.isEqualTo("/chat/completions");
		assertThat(ApiPath.parse("POST", "/v1/audio/speech", "api-version=2024-10-21").toAzureTarget("D", null))
			.isEqualTo("/openai/v1/audio/speech?api-version=preview");
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-", value = { "/openai/responses, -, true", "/openai/responses, api-version=, true",
			"/openai/responses, x=api-version, true", "/openai/deployments/m/embeddings, a=1, true",
			"/openai/responses, api%2Dversion=v, false", "/openai/v1/responses, -, false", "/responses, -, false" })
	void findsClassicCallsWithoutAVersion(String path, @Nullable String query, boolean lacks) {
		assertThat(ApiPath.parse("POST", path, query).lacksApiVersion()).isEqualTo(lacks);
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-",
			value = { "PUT, /v1/chat/completions, 'GET, HEAD, POST'", "OPTIONS, /openai/deployments/m/embeddings, POST",
					"DELETE, /v1/embeddings/, POST", "GET, /v1/completions, POST", "POST, /v1/models, 'GET, HEAD'",
					"PUT, /models, 'GET, HEAD'", "OPTIONS, /v1/files, 'GET, HEAD, POST, PATCH, DELETE'",
					"PUT, /openai/assistants/a, 'GET, HEAD, POST, PATCH, DELETE'",
					"OPTIONS, /v1/responses/r, 'GET, HEAD, POST, PATCH, DELETE'",
					"PUT, /v1/models/m, 'GET, HEAD, DELETE'", "DELETE, /v1/files/f, -", "POST, /v1/videos, -",
					"OPTIONS, /v1/whatever, -", "GET, /v1/chat/completions, -", "POST, /v1/embeddings, -",
					"PUT, /v1/whatever, -", "DELETE, /v1/models/m, -", "HEAD, /v1/models, -" })
	void findsTheMethodsOfKnownPaths(String method, String path, @Nullable String allowed) {
		assertThat(ApiPath.parse(method, path, null).allowedMethodsIfRefused()).isEqualTo(allowed);
	}

}
