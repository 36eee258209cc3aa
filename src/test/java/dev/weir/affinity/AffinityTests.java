package dev.weir.affinity;

import java.net.http.HttpResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.backend.Backend;
import dev.weir.backend.Pools;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.testing.RawClient;
import dev.weir.testing.Signal;
import dev.weir.testing.StoringBackend;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests that name stored objects go to the backend that has them.
 */
class AffinityTests extends TwoStoringBackends {

	private static final Pattern ID = Pattern.compile("\"id\":\\s*\"([^\"]+)\"");

	@BeforeEach
	void clear() {
		for (StoringBackend backend : List.of(alpha, beta)) {
			backend.requests().clear();
			backend.foreign().clear();
		}
	}

	@AfterEach
	void noBackendGotAnObjectOfTheOther() {
		assertThat(requestsBut(alpha, "GET")).noneMatch((request) -> alpha.foreign().contains(request));
		assertThat(alpha.foreign()).allMatch((request) -> request.startsWith("GET"));
		assertThat(beta.foreign()).allMatch((request) -> request.startsWith("GET"));
	}

	private static List<String> requestsBut(StoringBackend backend, String method) {
		return backend.requests()
			.stream()
			.filter((request) -> !request.method().equals(method))
			.map(StoringBackend.Request::toString)
			.toList();
	}

	private static String idOf(HttpResponse<String> reply) {
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		Matcher id = ID.matcher(reply.body());
		assertThat(id.find()).isTrue();
		return id.group(1);
	}

	private static String backendOf(HttpResponse<String> reply) {
		return reply.headers().firstValue("x-weir-backend").orElse("none");
	}

	@Test
	void s01AResponseIsContinuedReadCancelledAndDeletedWhereItWasMade() {
		Set<String> used = new HashSet<>();
		for (int i = 0; i < 12; i++) {
			HttpResponse<String> made = weir.post("/v1/responses", "{\"model\":\"m\",\"input\":\"hi\"}");
			String id = idOf(made);
			used.add(backendOf(made));
			for (HttpResponse<String> next : List.of(weir.get("/v1/responses/" + id),
					weir.get("/openai/v1/responses/" + id), weir.get("/responses/" + id),
					weir.get("/openai/responses/" + id + "/input_items?api-version=2025-04-01-preview"),
					weir.send("POST", "/v1/responses/" + id + "/cancel", ""),
					weir.post("/v1/responses",
							"{\"model\":\"m\",\"input\":\"more\",\"previous_response_id\":\"" + id + "\"}"),
					weir.send("DELETE", "/v1/responses/" + id, ""))) {
				assertThat(next.statusCode()).as(next.body()).isEqualTo(200);
				assertThat(backendOf(next)).isEqualTo(backendOf(made));
			}
		}
		assertThat(used).containsExactlyInAnyOrder("alpha", "beta");
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	@Test
	void s01TheObjectsThatAResponseNamesAreKnown() {
		for (int i = 0; i < 8; i++) {
			HttpResponse<String> made = weir.post("/v1/responses", "{\"model\":\"m\",\"input\":\"hi\"}");
			String body = made.body();
			String item = first(body, "msg_\\w+");
			String container = first(body, "cntr_\\w+");
			String conversation = first(body, "conv_\\w+");
			for (String next : List.of("\"conversation\":\"" + conversation + "\"",
					"\"conversation\":{\"id\":\"" + conversation + "\"}",
					"\"input\":[{\"type\":\"item_reference\",\"id\":\"" + item + "\"}]",
					"\"tools\":[{\"type\":\"code_interpreter\",\"container\":\"" + container + "\"}]",
					"\"tools\":[{\"type\":\"shell\",\"environment\":{\"type\":\"container_reference\",\"container_id\":\""
							+ container + "\"}}]")) {
				HttpResponse<String> reply = weir.post("/v1/responses", "{\"model\":\"m\"," + next + "}");
				assertThat(backendOf(reply)).as(next).isEqualTo(backendOf(made));
			}
		}
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "false, false", "false, true", "true, false", "true, true" })
	void theAudioOfAChatIsUsedWhereItWasMade(boolean store, boolean stream) {
		for (int i = 0; i < 6; i++) {
			HttpResponse<String> made = weir.post("/v1/chat/completions",
					"{\"model\":\"m\",\"modalities\":[\"text\",\"audio\"],\"audio\":{\"voice\":\"alloy\",\"format\":\"wav\"},\"store\":"
							+ store + ",\"stream\":" + stream
							+ ",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
			String audio = first(made.body(), "audio_\\w+");
			HttpResponse<String> next = weir.post("/v1/chat/completions",
					"{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"audio\":{\"id\":\"" + audio + "\"}}]}");
			assertThat(next.statusCode()).as(next.body()).isEqualTo(200);
			assertThat(backendOf(next)).isEqualTo(backendOf(made));
			if (store) {
				String chat = first(made.body(), "chatcmpl-\\w+");
				assertThat(backendOf(weir.get("/v1/chat/completions/" + chat))).isEqualTo(backendOf(made));
			}
		}
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	private static String first(String text, String pattern) {
		Matcher found = Pattern.compile(pattern).matcher(text);
		assertThat(found.find()).as(text).isTrue();
		return found.group();
	}

	@Test
	void s01AStreamedResponseCanBeCancelledWhileItRuns() {
		for (int i = 0; i < 8; i++) {
			Signal end = new Signal();
			alpha.holdStreams(end);
			beta.holdStreams(end);
			try (RawClient client = RawClient.of(weir)
				.post("/v1/responses", "{\"model\":\"m\",\"stream\":true,\"input\":\"hi\"}")) {
				String begun = client.readUntil("response.output_text.delta");
				String id = first(begun, "resp_(alpha|beta)x\\d+");
				HttpResponse<String> cancelled = weir.send("POST", "/v1/responses/" + id + "/cancel", "");
				assertThat(cancelled.statusCode()).isEqualTo(200);
				assertThat(id).contains(backendOf(cancelled));
				end.send();
				client.readUntil("response.completed");
			}
		}
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	@Test
	void aResponseThatIsNotStoredBindsNothing() {
		HttpResponse<String> made = weir.post("/v1/responses", "{\"model\":\"m\",\"store\":false,\"input\":\"hi\"}");
		String item = first(made.body(), "msg_\\w+");
		Set<String> used = new HashSet<>();
		for (int i = 0; i < 30; i++) {
			used.add(backendOf(weir.post("/v1/embeddings", "{\"model\":\"m\",\"input\":\"" + item + "\"}")));
			used.add(backendOf(weir.post("/v1/responses",
					"{\"model\":\"m\",\"store\":false,\"input\":[{\"type\":\"message\",\"id\":\"unknown_" + i
							+ "\"}]}")));
		}
		assertThat(used).contains("alpha", "beta");
		alpha.foreign().clear();
		beta.foreign().clear();
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"model\":\"m\",\"input\":\"ID\"}",
			"{\"model\":\"m\",\"metadata\":{\"file_id\":\"ID\"}}",
			"{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"file_id: ID\"}]}",
			"{\"model\":\"m\",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"properties\":{\"file_id\":{\"default\":\"ID\"}}}}]}",
			"{\"model\":\"m\",\"input\":[{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"{\\\"file_id\\\":\\\"ID\\\"}\"}]}" })
	void aTextThatLooksLikeAnIdBindsNothing(String body) {
		String file = beta.store("file-");
		Set<String> used = new HashSet<>();
		IntStream.range(0, 30)
			.forEach((i) -> used.add(backendOf(weir.post("/v1/responses", body.replace("ID", file)))));
		assertThat(used).containsExactlyInAnyOrder("alpha", "beta");
		alpha.foreign().clear();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/files/ID", "/v1/files/ID/content", "/openai/files/ID?api-version=2024-10-21" })
	void s02AnObjectThatWasMadeBesideWeirIsLookedUpOnce(String path) {
		String file = beta.store("file-");
		for (int i = 0; i < 4; i++) {
			HttpResponse<String> reply = weir.get(path.replace("ID", file));
			assertThat(reply.statusCode()).isEqualTo(200);
			assertThat(backendOf(reply)).isEqualTo("beta");
		}
		assertThat(alpha.requests()).hasSize(1);
		assertThat(beta.requests()).hasSize(5);
	}

	@Test
	void s08AnIdThatNoBackendKnowsIsNotFound() {
		HttpResponse<String> reply = weir.get("/v1/files/file-made-up");
		assertThat(reply.statusCode()).isEqualTo(404);
		assertThat(reply.body()).isEqualTo("{\"error\":{\"message\":\"No file with id 'file-made-up' was found.\","
				+ "\"type\":\"invalid_request_error\",\"param\":\"id\",\"code\":\"not_found\"}}");
		HttpResponse<String> previous = weir.post("/v1/responses",
				"{\"model\":\"m\",\"previous_response_id\":\"made-up\",\"input\":\"hi\"}");
		assertThat(previous.statusCode()).isEqualTo(404);
		assertThat(previous.body()).contains("\"param\":\"previous_response_id\"",
				"\"code\":\"previous_response_not_found\"");
		assertThat(requestsBut(alpha, "GET")).isEmpty();
		assertThat(requestsBut(beta, "GET")).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "..", "a/b", "a\\\\b", "a b", "?", "a%2fb" })
	void anIdThatIsNoPartOfAPathIsNotFoundWithoutAsking(String id) {
		HttpResponse<String> reply = weir.post("/v1/batches", "{\"input_file_id\":\"" + id + "\"}");
		assertThat(reply.statusCode()).isEqualTo(404);
		assertThat(alpha.requests()).isEmpty();
		assertThat(beta.requests()).isEmpty();
	}

	@Test
	void idsOfTwoBackendsInOneRequestAreRefusedWithBothNames() {
		double conflicts = count("conflict");
		String here = alpha.store("file-");
		String there = beta.store("vs_");
		HttpResponse<String> reply = weir.post("/v1/responses",
				"{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\",\"file_id\":\""
						+ here + "\"}]}],\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"" + there
						+ "\"]}]}");
		assertThat(reply.statusCode()).isEqualTo(400);
		assertThat(reply.body()).contains(here + " on backend alpha", there + " on backend beta");
		assertThat(count("conflict")).isEqualTo(conflicts + 1);
	}

	@Test
	void anObjectOnTwoBackendsIsUsedWhereTheOtherObjectsAre() {
		String file = alpha.store("file-");
		beta.storeAs(file);
		ObjectOwners owners = weir.bean(ObjectOwners.class);
		for (String name : List.of("alpha", "beta")) {
			owners.rememberMentioned(List.of(new StoredObject(ObjectKind.FILE, file)), Owner.of(backend(name)), null);
		}
		for (StoringBackend backend : List.of(alpha, beta)) {
			String store = backend.store("vs_");
			HttpResponse<String> reply = weir.post("/v1/vector_stores/" + store + "/files",
					"{\"file_id\":\"" + file + "\"}");
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
			assertThat(backendOf(reply)).isEqualTo(backend.name());
		}
		alpha.foreign().clear();
		beta.foreign().clear();
	}

	private static Backend backend(String name) {
		return weir.bean(Pools.class)
			.all()
			.stream()
			.flatMap((pool) -> pool.backends().stream())
			.filter((backend) -> backend.name().equals(name))
			.findFirst()
			.orElseThrow();
	}

	@Test
	void aContainerInTheReportOfAToolCallYieldsToTheObjectsThatTheRequestNeeds() {
		String container = idOf(weir.post("/v1/containers", "{\"name\":\"c\"}", "authorization", "Bearer hints"));
		StoringBackend other = container.contains("alpha") ? beta : alpha;
		String file = other.store("file-");
		HttpResponse<String> reply = weir.post("/v1/responses",
				"{\"model\":\"m\",\"store\":false,\"input\":[{\"type\":\"code_interpreter_call\",\"code\":\"1\",\"container_id\":\""
						+ container + "\"},{\"role\":\"user\",\"content\":[{\"file_id\":\"" + file + "\"}]}]}");
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(backendOf(reply)).isEqualTo(other.name());
		alpha.foreign().clear();
		beta.foreign().clear();
	}

	@Test
	void manyItemsDoNotDisplaceAVectorStore() {
		String store = beta.store("vs_");
		String items = IntStream.range(0, 1001)
			.mapToObj((i) -> "{\"type\":\"message\",\"id\":\"msg_unknown" + i + "\",\"content\":\"x\"}")
			.collect(Collectors.joining(","));
		for (int i = 0; i < 6; i++) {
			assertThat(backendOf(weir.post("/v1/responses",
					"{\"model\":\"m\",\"input\":[" + items
							+ "],\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"" + store + "\"]}]}")))
				.isEqualTo("beta");
		}
	}

	@Test
	void aRequestThatCreatesAnObjectAtHomeIsCounted() {
		double before = count("home");
		weir.post("/v1/vector_stores", "{}");
		assertThat(count("home")).isEqualTo(before + 1);
	}

	private static double count(String result) {
		Counter counter = weir.bean(MeterRegistry.class)
			.find("weir.affinity.requests")
			.tags("pool", "openai", "result", result)
			.counter();
		return (counter != null) ? counter.count() : 0;
	}

	@Test
	void aClientHasOneHomeWhateverHeaderItsKeyIsIn() {
		for (int i = 0; i < 12; i++) {
			String key = "key-" + i;
			String home = backendOf(weir.post("/v1/vector_stores", "{}", "authorization", "Bearer " + key));
			assertThat(backendOf(weir.post("/v1/vector_stores", "{}", "authorization", "bearer " + key)))
				.isEqualTo(home);
			assertThat(backendOf(weir.post("/openai/v1/vector_stores", "{}", "api-key", key))).isEqualTo(home);
		}
	}

	@Test
	void anOwnerThatHasAnObjectNoLongerIsForgotten() {
		String file = alpha.store("file-");
		assertThat(backendOf(weir.get("/v1/files/" + file))).isEqualTo("alpha");
		alpha.remove(file);
		beta.storeAs(file);
		assertThat(weir.get("/v1/files/" + file).statusCode()).isEqualTo(404);
		assertThat(backendOf(weir.get("/v1/files/" + file))).isEqualTo("beta");
	}

	@Test
	void anObjectThatItsOwnerDoesNotFindForAWhileIsVisibleAfterwards() {
		String file = idOf(upload("batch"));
		StoringBackend owner = file.contains("alpha") ? alpha : beta;
		owner.remove(file);
		for (int i = 0; i < 3; i++) {
			HttpResponse<String> reply = weir.get("/v1/files/" + file);
			assertThat(reply.statusCode()).isEqualTo(404);
			assertThat(reply.body()).contains("on " + owner.name());
		}
		owner.storeAs(file);
		HttpResponse<String> reply = weir.get("/v1/files/" + file);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(backendOf(reply)).isEqualTo(owner.name());
		alpha.foreign().clear();
		beta.foreign().clear();
	}

	@Test
	void theObjectsOfOneClientLieTogetherAndThoseOfManyAreSpread() {
		Map<String, Integer> homes = new java.util.HashMap<>();
		for (int client = 0; client < 24; client++) {
			String[] key = { "authorization", "Bearer client-" + client };
			Set<String> used = new HashSet<>();
			String store = idOf(weir.post("/v1/vector_stores", "{}", key));
			String container = idOf(weir.post("/v1/containers", "{\"name\":\"c\"}", key));
			for (String path : List.of("/v1/vector_stores", "/v1/containers", "/v1/conversations",
					"/openai/v1/conversations", "/v1/assistants", "/v1/threads")) {
				used.add(backendOf(weir.post(path, "{}", key)));
			}
			assertThat(used).hasSize(1);
			String home = used.iterator().next();
			homes.merge(home, 1, Integer::sum);
			assertThat(backendOf(weir.post("/v1/responses", "{\"model\":\"m\",\"tools\":[{\"vector_store_ids\":[\""
					+ store + "\"]},{\"container\":\"" + container + "\"}]}")))
				.isEqualTo(home);
		}
		assertThat(homes).hasSize(2).allSatisfy((home, clients) -> assertThat(clients).isGreaterThan(3));
	}

	@ParameterizedTest
	@ValueSource(strings = { "batch", "fine-tune" })
	void filesThatStandAloneAreSpread(String purpose) {
		Set<String> used = new HashSet<>();
		IntStream.range(0, 30).forEach((i) -> used.add(backendOf(upload(purpose))));
		assertThat(used).containsExactlyInAnyOrder("alpha", "beta");
	}

	@Test
	void filesForUseTogetherGoHome() {
		Set<String> used = new HashSet<>();
		IntStream.range(0, 10).forEach((i) -> used.add(backendOf(upload("assistants"))));
		assertThat(used).hasSize(1);
	}

	private static HttpResponse<String> upload(String purpose) {
		String body = "--b\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\n" + purpose
				+ "\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n{}\r\n--b--\r\n";
		return weir.form("/v1/files", body, "b");
	}

	@Test
	void s07AFileIsUploadedABatchMadeOfItAndItsResultReadOnOneBackend() {
		Set<String> used = new HashSet<>();
		for (int i = 0; i < 12; i++) {
			HttpResponse<String> uploaded = upload("batch");
			String file = idOf(uploaded);
			HttpResponse<String> batch = weir.post("/v1/batches", "{\"input_file_id\":\"" + file
					+ "\",\"endpoint\":\"/v1/chat/completions\",\"completion_window\":\"24h\"}");
			String id = idOf(batch);
			String output = first(batch.body(), "file-\\w+");
			for (HttpResponse<String> next : List.of(batch, weir.get("/v1/batches/" + id),
					weir.get("/v1/files/" + output + "/content"),
					weir.send("POST", "/v1/batches/" + id + "/cancel", ""),
					weir.send("DELETE", "/v1/files/" + file, ""))) {
				assertThat(next.statusCode()).as(next.body()).isEqualTo(200);
				assertThat(backendOf(next)).isEqualTo(backendOf(uploaded));
			}
			used.add(backendOf(uploaded));
		}
		assertThat(used).hasSize(2);
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	@Test
	void theLocationOfANewObjectNamesWeirAndIsRemembered() {
		for (int i = 0; i < 8; i++) {
			HttpResponse<String> call = weir.post("/v1/realtime/calls", "{}");
			String location = call.headers().firstValue("location").orElse("none");
			assertThat(location).matches("http://127.0.0.1:" + weir.port() + "/v1/realtime/calls/rtc_\\w+");
			String path = location.substring(location.indexOf("/v1"));
			HttpResponse<String> next = weir.send("POST", path + "/hangup", "{}");
			assertThat(backendOf(next)).isEqualTo(backendOf(call));
		}
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	@Test
	void aChatIsRememberedIfItIsStored() {
		for (int i = 0; i < 8; i++) {
			HttpResponse<String> chat = weir.post("/v1/chat/completions",
					"{\"model\":\"m\",\"store\":true,\"messages\":[]}");
			HttpResponse<String> read = weir.get("/v1/chat/completions/" + idOf(chat) + "/messages");
			assertThat(backendOf(read)).isEqualTo(backendOf(chat));
		}
		assertThat(alpha.foreign()).isEmpty();
		assertThat(beta.foreign()).isEmpty();
	}

	@Test
	void s08TheSameIdOnTwoBackendsGoesToTheKnownOwner() {
		String file = idOf(upload("batch"));
		StoringBackend owner = file.contains("alpha") ? alpha : beta;
		StoringBackend other = (owner == alpha) ? beta : alpha;
		other.storeAs(file);
		IntStream.range(0, 10)
			.forEach((i) -> assertThat(backendOf(weir.get("/v1/files/" + file))).isEqualTo(owner.name()));
	}

	@Test
	void s03AThrottledOwnerRepliesWithItsExactDelayAndNoOtherBackendIsCalled() {
		String id = idOf(weir.post("/v1/responses", "{\"model\":\"throttled\",\"input\":\"hi\"}"));
		StoringBackend owner = id.contains("alpha") ? alpha : beta;
		StoringBackend other = (owner == alpha) ? beta : alpha;
		owner.refuse(new StoringBackend.Refusal(429, Map.of("retry-after", "45")));
		try {
			String next = "{\"model\":\"throttled\",\"previous_response_id\":\"" + id + "\",\"input\":\"more\"}";
			for (int i = 0; i < 3; i++) {
				HttpResponse<String> reply = weir.post("/v1/responses", next);
				assertThat(reply.statusCode()).as(reply.body()).isEqualTo(429);
				assertThat(Long.parseLong(reply.headers().firstValue("retry-after-ms").orElse("0"))).isBetween(40_000L,
						45_000L);
				assertThat(Long.parseLong(reply.headers().firstValue("retry-after").orElse("0"))).isBetween(40L, 45L);
				assertThat(reply.body())
					.contains("Backend " + owner.name() + ", where " + id + " is stored, is at its");
			}
			assertThat(other.foreign()).isEmpty();
		}
		finally {
			owner.refuse(null);
		}
	}

	@Test
	void s03ARequestWaitsForItsOwnerWithinMaxWait() {
		String id = idOf(weir.post("/v1/responses", "{\"model\":\"waits\",\"input\":\"hi\"}"));
		StoringBackend owner = id.contains("alpha") ? alpha : beta;
		StoringBackend other = (owner == alpha) ? beta : alpha;
		owner.refuseNext(new StoringBackend.Refusal(429, Map.of("retry-after-ms", "400")));
		String next = "{\"model\":\"waits\",\"previous_response_id\":\"" + id + "\",\"input\":\"more\"}";
		HttpResponse<String> reply = weir.post("/v1/responses", next);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(backendOf(reply)).isEqualTo(owner.name());
		assertThat(other.foreign()).isEmpty();
	}

}
