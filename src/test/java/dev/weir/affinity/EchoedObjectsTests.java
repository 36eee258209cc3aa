package dev.weir.affinity;

import java.io.IOException;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A response that mentions an object of another client, or one whose client is not known,
 * does not make it an object of its client.
 */
class EchoedObjectsTests {

	private static final String ALICE = "alice-key-0123456789";

	private static final String BOB = "bob-key-0123456789";

	private static final String OUTPUT = "{\"id\":\"resp_%s\",\"object\":\"response\",\"status\":\"completed\",\"output\":[%s]}";

	private static final OpenResources resources = new OpenResources();

	private static RawBackend backend;

	private static WeirServer weir;

	private static ObjectOwners owners;

	private static int count;

	@BeforeAll
	static void start() {
		backend = resources.backend((call) -> call.respond("200 OK", "{}"));
		weir = resources.add(WeirServer.start(WeirServer.pool("", WeirServer.backend("one", backend.url()))
				+ "  clients: [{name: alice, key: " + ALICE + "}, {name: bob, key: " + BOB + "}]\n"));
		owners = weir.bean(ObjectOwners.class);
	}

	@AfterAll
	static void stop() {
		resources.close();
	}

	@BeforeEach
	void next() {
		count++;
	}

	private static StoredObject object(ObjectKind kind, String id) {
		return new StoredObject(kind, id);
	}

	private static void own(String client, ObjectKind kind, String id) {
		owners.remember(List.of(object(kind, id)), new Owner(backend.url().toString(), "", "one"), client);
	}

	private static @Nullable String clientOf(ObjectKind kind, String id) {
		Map<StoredObject, String> found = owners.findPrincipals(List.of(object(kind, id))).block();
		return (found != null) ? found.get(object(kind, id)) : null;
	}

	private static void respond(String body) {
		backend.script((call) -> call.respond("200 OK", body));
	}

	private static int send(String key, String method, String path, String body) {
		return (method.equals("GET") ? weir.get("/v1/" + path, "api-key", key)
				: weir.post("/v1/" + path, body, "api-key", key))
			.statusCode();
	}

	/** Where an item of an output has the id of a container. */
	private static String item(String place, String container) {
		return switch (place) {
			case "call" ->
				"{\"type\":\"code_interpreter_call\",\"id\":\"ci_1\",\"container_id\":\"" + container + "\"}";
			case "shell" ->
				"{\"type\":\"shell_call\",\"id\":\"sh_1\",\"environment\":{\"container_id\":\"" + container + "\"}}";
			default ->
				"{\"type\":\"message\",\"id\":\"msg_x\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
						+ "\"text\":\"hi\",\"annotations\":[{\"type\":\"container_file_citation\",\"container_id\":\""
						+ container + "\"}]}]}";
		};
	}

	@ParameterizedTest
	@ValueSource(strings = { "call", "shell", "annotation" })
	void s10AResponseThatMentionsAContainerOfAnotherClientDoesNotShareIt(String place) {
		String container = "cntr_alice" + count;
		own("alice", ObjectKind.CONTAINER, container);
		String output = OUTPUT.formatted(count, item(place, container));
		respond(output);
		assertThat(send(BOB, "POST", "responses", "{\"model\":\"m\",\"input\":\"hi\"}")).isEqualTo(200);
		backend.script((call) -> events(call, output));
		assertThat(send(BOB, "POST", "responses", "{\"model\":\"m\",\"input\":\"hi\",\"stream\":true}")).isEqualTo(200);
		assertThat(clientOf(ObjectKind.RESPONSE, "resp_" + count)).isEqualTo("bob");
		assertThat(clientOf(ObjectKind.CONTAINER, container)).isEqualTo("alice");
		respond("{\"id\":\"" + container + "\"}");
		assertThat(send(BOB, "GET", "containers/" + container, "")).isEqualTo(404);
		assertThat(send(ALICE, "GET", "containers/" + container, "")).isEqualTo(200);
	}

	@Test
	void s10AModelThatAnotherClientHasFineTunedDoesNotExist() {
		String model = "ft:gpt-4o:alice" + count;
		own("alice", ObjectKind.FINE_TUNED_MODEL, model);
		respond("{}");
		String chat = "{\"model\":\"" + model + "\",\"messages\":[]}";
		assertThat(send(ALICE, "POST", "chat/completions", chat)).isEqualTo(200);
		assertThat(send(ALICE, "GET", "models/" + model, "")).isEqualTo(200);
		assertThat(weir.get("/v1/models", "api-key", ALICE).body()).contains(model);
		assertThat(send(BOB, "POST", "chat/completions", chat)).isEqualTo(404);
		assertThat(weir.post("/v1/chat/completions", chat, "api-key", BOB).body()).contains("model_not_found");
		assertThat(send(BOB, "GET", "models/" + model, "")).isEqualTo(404);
		assertThat(weir.get("/v1/models", "api-key", BOB).body()).doesNotContain(model);
	}

	@Test
	void s10AResponseThatMentionsAnObjectOfAnotherClientDoesNotChangeWhereItIs() {
		StoredObject container = object(ObjectKind.CONTAINER, "cntr_alice" + count);
		Owner elsewhere = new Owner("https://elsewhere.example", "", "other");
		owners.remember(List.of(container), elsewhere, "alice");
		respond(OUTPUT.formatted(count, item("call", container.id())));
		assertThat(send(BOB, "POST", "responses", "{\"model\":\"m\",\"input\":\"hi\"}")).isEqualTo(200);
		// a result of an object whose client is not known is only mentioned
		assertThat(send(BOB, "POST", "responses",
				"{\"model\":\"m\",\"input\":\"hi\",\"previous_response_id\":\"resp_unknown\"}"))
			.isEqualTo(200);
		assertThat(owners.find(List.of(container)).block()).containsEntry(container, List.of(elsewhere));
	}

	private static void events(RawBackend.Call call, String output) throws IOException {
		call.beginEvents();
		call.chunk("event: response.created\ndata: {\"type\":\"response.created\",\"response\":" + output + "}\n\n");
		call.chunk(
				"event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":" + output + "}\n\n");
		call.endChunks();
	}

	@Test
	void s10AnEventOfAWebSocketThatMentionsAnObjectOfAnotherClientDoesNotShareIt() {
		String container = "cntr_alice" + count;
		own("alice", ObjectKind.CONTAINER, container);
		String output = OUTPUT.formatted(count, item("annotation", container));
		backend.script((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.next();
			socket.text("{\"type\":\"response.created\",\"response\":" + output + "}");
			socket.text("{\"type\":\"response.completed\",\"response\":" + output + "}");
			socket.next();
		});
		try (RawWebSocket client = RawWebSocket.connect(weir, "/v1/responses", "api-key: " + BOB)) {
			client.text("{\"type\":\"response.create\",\"model\":\"m\",\"input\":\"hi\"}");
			assertThat(client.nextText()).contains("created");
			assertThat(client.nextText()).contains("completed");
		}
		assertThat(clientOf(ObjectKind.RESPONSE, "resp_" + count)).isEqualTo("bob");
		assertThat(clientOf(ObjectKind.CONTAINER, container)).isEqualTo("alice");
	}

	@ParameterizedTest
	@ValueSource(strings = { "call", "shell", "annotation" })
	void s10AnItemOfARequestCannotNameAContainerOfAnotherClient(String place) {
		String container = "cntr_alice" + count;
		own("alice", ObjectKind.CONTAINER, container);
		own("bob", ObjectKind.CONVERSATION, "conv_bob");
		String item = item(place, container);
		for (String path : List.of("conversations", "conversations/conv_bob/items")) {
			assertThat(send(BOB, "POST", path, "{\"items\":[" + item + "]}")).as(path).isEqualTo(404);
		}
		for (String path : List.of("responses", "responses/compact")) {
			assertThat(send(BOB, "POST", path, "{\"model\":\"m\",\"input\":[" + item + "]}")).as(path).isEqualTo(404);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "call", "shell", "annotation" })
	void aContainerThatARequestNamesDoesNotBecomeThatOfItsClient(String place) {
		String container = "cntr_unknown" + count;
		String item = item(place, container);
		respond(OUTPUT.formatted(count, item));
		assertThat(send(BOB, "POST", "responses", "{\"model\":\"m\",\"input\":[" + item + "]}")).isEqualTo(200);
		respond("{\"object\":\"list\",\"data\":[" + item + "]}");
		own("bob", ObjectKind.CONVERSATION, "conv_bob");
		own("bob", ObjectKind.RESPONSE, "resp_bob");
		assertThat(send(BOB, "POST", "conversations/conv_bob/items", "{\"items\":[" + item + "]}")).isEqualTo(200);
		for (String path : List.of("conversations/conv_bob/items", "responses/resp_bob/input_items")) {
			assertThat(send(BOB, "GET", path, "")).isEqualTo(200);
		}
		respond("{\"output\":[" + item + "]}");
		assertThat(send(BOB, "POST", "responses/compact", "{\"model\":\"m\",\"previous_response_id\":\"resp_bob\"}"))
			.isEqualTo(200);
		assertThat(clientOf(ObjectKind.CONTAINER, container)).isNull();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			value = { "GET|batches/B|BATCH|{\"id\":\"B\",\"input_file_id\":\"X\"}|FILE",
					"POST|batches/B/cancel|BATCH|{\"id\":\"B\",\"input_file_id\":\"X\"}|FILE",
					"POST|batches||{\"id\":\"new\",\"input_file_id\":\"X\"}|FILE",
					"GET|fine_tuning/jobs/B|FINE_TUNING_JOB|{\"id\":\"B\",\"training_file\":\"X\"}|FILE",
					"GET|fine_tuning/jobs/B|FINE_TUNING_JOB|{\"id\":\"B\",\"validation_file\":\"X\"}|FILE",
					"GET|vector_stores/B/files|VECTOR_STORE|{\"data\":[{\"id\":\"X\"}]}|FILE",
					"GET|responses/B|RESPONSE|{\"id\":\"B\",\"conversation\":{\"id\":\"X\"}}|CONVERSATION",
					"GET|responses/B|RESPONSE|{\"id\":\"B\",\"prompt\":{\"id\":\"X\"}}|PROMPT",
					"GET|responses/B/input_items|RESPONSE|{\"data\":[{\"id\":\"X\"}]}|ITEM",
					"GET|conversations/B/items|CONVERSATION|{\"data\":[{\"id\":\"X\"}]}|ITEM",
					"POST|threads/runs||{\"id\":\"run\",\"assistant_id\":\"X\"}|ASSISTANT" })
	void anIdThatAnEarlierRequestMayHaveNamedDoesNotBecomeThatOfAClient(String method, String path,
			@Nullable ObjectKind kind, String body, ObjectKind echoed) {
		String own = "own" + count;
		String unknown = "unknown" + count;
		if (kind != null) {
			own("bob", kind, own);
		}
		respond(body.replace("\"B\"", "\"" + own + "\"").replace("\"X\"", "\"" + unknown + "\""));
		assertThat(send(BOB, method, path.replace("/B", "/" + own), method.equals("GET") ? "" : "{}")).isEqualTo(200);
		assertThat(clientOf(echoed, unknown)).isNull();
		assertThat(owners.find(List.of(object(echoed, unknown))).block()).isNotEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "batches/B|BATCH|{\"id\":\"B\",\"output_file_id\":\"X\"}|FILE",
			"batches/B|BATCH|{\"id\":\"B\",\"error_file_id\":\"X\"}|FILE",
			"fine_tuning/jobs/B|FINE_TUNING_JOB|{\"id\":\"B\",\"result_files\":[\"X\"]}|FILE",
			"fine_tuning/jobs/B|FINE_TUNING_JOB|{\"id\":\"B\",\"fine_tuned_model\":\"X\"}|FINE_TUNED_MODEL",
			"video/generations/jobs/B|VIDEO_JOB|{\"id\":\"B\",\"generations\":[{\"id\":\"X\"}]}|VIDEO_GENERATION",
			"responses/B|RESPONSE|{\"id\":\"B\",\"output\":[{\"id\":\"X\"}]}|ITEM",
			"responses/B|RESPONSE|{\"id\":\"B\",\"output\":[{\"container_id\":\"X\"}]}|CONTAINER" })
	void aResultThatIsReadLaterBelongsToTheClientOfItsObject(String path, ObjectKind kind, String body,
			ObjectKind made) {
		String own = "own" + count;
		String result = "result" + count;
		own("bob", kind, own);
		respond(body.replace("\"B\"", "\"" + own + "\"").replace("\"X\"", "\"" + result + "\""));
		assertThat(send(BOB, "GET", path.replace("/B", "/" + own), "")).isEqualTo(200);
		assertThat(clientOf(made, result)).isEqualTo("bob");
		// of an object whose client is not known, the client is not known either
		respond(body.replace("\"X\"", "\"other" + count + "\""));
		assertThat(send(BOB, "GET", path.replace("/B", "/unknown" + count), "")).isEqualTo(200);
		assertThat(clientOf(made, "other" + count)).isNull();
	}

	@Test
	void aResponseThatContinuesOneOfAnUnknownClientHasNoContainerOfItsClient() {
		respond(OUTPUT.formatted(count, item("call", "cntr_" + count)));
		assertThat(send(BOB, "POST", "responses",
				"{\"model\":\"m\",\"input\":\"hi\",\"previous_response_id\":\"resp_unknown" + count + "\"}"))
			.isEqualTo(200);
		assertThat(clientOf(ObjectKind.RESPONSE, "resp_" + count)).isEqualTo("bob");
		assertThat(clientOf(ObjectKind.CONTAINER, "cntr_" + count)).isNull();
	}

	@Test
	void aLocationThatIsOnlyReadDoesNotMakeAnOwner() {
		String call = "rtc_" + count;
		backend.script((it) -> it.respond("200 OK", "{}", "location: /v1/realtime/calls/" + call));
		assertThat(send(BOB, "GET", "files/file-1", "")).isEqualTo(200);
		assertThat(clientOf(ObjectKind.REALTIME_CALL, call)).isNull();
		assertThat(send(BOB, "POST", "realtime/calls", "{\"session\":{\"model\":\"m\"}}")).isEqualTo(200);
		assertThat(clientOf(ObjectKind.REALTIME_CALL, call)).isEqualTo("bob");
	}

}
