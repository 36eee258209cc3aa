package dev.weir.affinity;

import java.nio.charset.StandardCharsets;
import java.util.List;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.errors.NotFoundException;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.vectorstores.VectorStoreCreateParams;
import com.openai.models.vectorstores.files.FileCreateParams.Builder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Stored objects with the official OpenAI SDK as a client of Weir.
 */
class AffinitySdkTests extends TwoStoringBackends {

	private static OpenAIClient client;

	@BeforeAll
	static void start() {
		client = OpenAIOkHttpClient.builder().baseUrl(weir.uri("/v1").toString()).apiKey("k").maxRetries(0).build();
	}

	@AfterAll
	static void stop() {
		client.close();
	}

	@Test
	void aResponseIsContinuedReadCancelledAndDeleted() {
		for (int i = 0; i < 8; i++) {
			String id = client.responses().create(params().build()).id();
			assertThat(client.responses().retrieve(id).id()).isEqualTo(id);
			assertThat(client.responses().cancel(id).id()).isEqualTo(id);
			String next = client.responses().create(params().previousResponseId(id).build()).id();
			assertThat(client.responses().retrieve(next).id()).isEqualTo(next);
			client.responses().delete(id);
		}
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	private static ResponseCreateParams.Builder params() {
		return ResponseCreateParams.builder().model("m").input("hi");
	}

	@Test
	void aBatchIsMadeOfAFileAndItsResultIsRead() {
		for (int i = 0; i < 6; i++) {
			String file = upload(FilePurpose.BATCH);
			var batch = client.batches()
				.create(BatchCreateParams.builder()
					.inputFileId(file)
					.endpoint(BatchCreateParams.Endpoint.V1_CHAT_COMPLETIONS)
					.completionWindow(BatchCreateParams.CompletionWindow._24H)
					.build());
			assertThat(client.batches().retrieve(batch.id()).id()).isEqualTo(batch.id());
			client.files().content(batch.outputFileId().orElseThrow()).close();
			client.batches().cancel(batch.id());
			client.files().delete(file);
		}
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	private static String upload(FilePurpose purpose) {
		return client.files()
			.create(FileCreateParams.builder()
				.purpose(purpose)
				.file("{\"a\":1}".getBytes(StandardCharsets.UTF_8))
				.build())
			.id();
	}

	@Test
	void aVectorStoreIsMadeOfFilesAndSearchedByAResponse() {
		List<String> files = List.of(upload(FilePurpose.ASSISTANTS), upload(FilePurpose.ASSISTANTS));
		String store = client.vectorStores().create(VectorStoreCreateParams.builder().fileIds(files).build()).id();
		client.vectorStores()
			.files()
			.create(store, new Builder().vectorStoreId(store).fileId(upload(FilePurpose.USER_DATA)).build());
		client.responses()
			.create(params()
				.putAdditionalBodyProperty("tools",
						JsonValue
							.from(List.of(java.util.Map.of("type", "file_search", "vector_store_ids", List.of(store)))))
				.build());
		client.vectorStores().delete(store);
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	@Test
	void anUnknownResponseIsNotFound() {
		assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> client.responses().retrieve("resp_made-up"))
			.withMessageContaining("No response with id 'resp_made-up' was found");
	}

}
