package dev.weir.affinity;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.NotFoundException;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileListParams;
import com.openai.models.files.FilePurpose;
import com.openai.models.responses.ResponseCreateParams;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.testing.ObjectStore;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.StoringBackend;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Two clients, of which each can use what it has made itself.
 */
class ClientObjectsTests {

	private static final String ALICE = "alice-key-0123456789";

	private static final String BOB = "bob-key-0123456789";

	private static final OpenResources shared = new OpenResources();

	/** Each a Weir with the default settings, of one and of two resources. */
	private static WeirServer single;

	private static WeirServer pair;

	private final OpenResources resources = new OpenResources();

	@BeforeAll
	static void start() {
		StoringBackend alpha = shared.add(StoringBackend.start("alpha"));
		StoringBackend beta = shared.add(StoringBackend.start("beta"));
		StoringBackend gamma = shared.add(StoringBackend.start("gamma"));
		single = shared.add(WeirServer.start(yaml("", WeirServer.backend("gamma", gamma.url()))));
		pair = shared.add(WeirServer
			.start(yaml("", WeirServer.backend("alpha", alpha.url()), WeirServer.backend("beta", beta.url()))));
	}

	@AfterAll
	static void stop() {
		shared.close();
	}

	@AfterEach
	void close() {
		this.resources.close();
	}

	private StoringBackend storing(String name) {
		return this.resources.add(StoringBackend.start(name));
	}

	private static String yaml(String affinity, String... backends) {
		return WeirServer.pool("", backends) + "  clients: [{name: alice, key: " + ALICE + "}, {name: bob, key: [" + BOB
				+ ", next-key-of-bob-0123]}]\n" + affinity;
	}

	private WeirServer weir(String affinity, StoringBackend... backends) {
		List<String> all = new ArrayList<>();
		for (StoringBackend backend : backends) {
			all.add(WeirServer.backend(backend.name(), backend.url()));
		}
		return this.resources.add(WeirServer.start(yaml(affinity, all.toArray(String[]::new))));
	}

	private static String create(WeirServer weir, String key, String path, String body) {
		HttpResponse<String> reply = weir.post("/v1/" + path, body, "api-key", key);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		return JsonMapper.shared().readTree(reply.body()).get("id").asString();
	}

	private static HttpResponse<String> get(WeirServer weir, String key, String path) {
		return weir.get("/v1/" + path, "api-key", key);
	}

	private static int status(WeirServer weir, String key, String path) {
		return get(weir, key, path).statusCode();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			value = { "responses|{\"model\":\"m\",\"input\":\"hi\"}", "conversations|{}", "vector_stores|{}",
					"batches|{\"input_file_id\":\"\"}", "uploads|{}", "containers|{}", "assistants|{\"model\":\"m\"}",
					"threads|{}", "fine_tuning/jobs|{\"model\":\"m\"}", "evals|{}", "skills|{}",
					"videos|{\"model\":\"m\"}", "chat/completions|{\"model\":\"m\",\"messages\":[],\"store\":true}" })
	void s10AnObjectOfAnotherClientIsAsUnknownAsAMadeUpOne(String path, String body) {
		for (WeirServer weir : List.of(pair, single)) {
			String id = create(weir, ALICE, path, body);
			String object = "/" + path + "/" + id;
			assertThat(status(weir, ALICE, object.substring(1))).isEqualTo(200);
			HttpResponse<String> foreign = get(weir, BOB, object.substring(1));
			assertThat(foreign.statusCode()).as(foreign.body()).isEqualTo(404);
			assertThat(foreign.headers().firstValue("x-weir-backend")).isEmpty();
			assertThat(weir.post("/v1" + object + "/cancel", "{}", "api-key", BOB).statusCode()).isEqualTo(404);
			assertThat(weir.post("/v1" + object, "{}", "api-key", BOB).statusCode()).isEqualTo(404);
			assertThat(status(weir, ALICE, object.substring(1))).isEqualTo(200);
		}
	}

	@Test
	void s10TheReplyIsThatOfAnUnknownId() {
		WeirServer weir = pair;
		String id = create(weir, ALICE, "responses", "{\"model\":\"m\",\"input\":\"hi\"}");
		String made = id.replaceFirst("x\\d+$", "x999");
		assertThat(get(weir, BOB, "responses/" + id).body().replace(id, "ID"))
			.isEqualTo(get(weir, BOB, "responses/" + made).body().replace(made, "ID"));
		assertThat(weir
			.post("/v1/responses", "{\"model\":\"m\",\"input\":\"hi\",\"previous_response_id\":\"" + id + "\"}",
					"api-key", BOB)
			.body()
			.replace(id, "ID"))
			.isEqualTo(weir
				.post("/v1/responses", "{\"model\":\"m\",\"input\":\"hi\",\"previous_response_id\":\"" + made + "\"}",
						"api-key", BOB)
				.body()
				.replace(made, "ID"))
			.contains("previous_response_not_found");
	}

	@Test
	void s10ABodyThatNamesAnObjectOfAnotherClientGets404() {
		for (WeirServer weir : List.of(pair, single)) {
			String file = create(weir, ALICE, "files", "{}");
			String store = create(weir, ALICE, "vector_stores", "{}");
			for (String body : List.of(
					"{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\",\"file_id\":\""
							+ file + "\"}]}]}",
					"{\"model\":\"m\",\"input\":\"hi\",\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\""
							+ store + "\"]}]}")) {
				assertThat(weir.post("/v1/responses", body, "api-key", ALICE).statusCode()).isEqualTo(200);
				HttpResponse<String> reply = weir.post("/v1/responses", body, "api-key", BOB);
				assertThat(reply.statusCode()).as(reply.body()).isEqualTo(404);
			}
			assertThat(weir.post("/v1/vector_stores", "{\"file_ids\":[\"" + file + "\"]}", "api-key", BOB).statusCode())
				.isEqualTo(404);
		}
	}

	@Test
	void s10AnItemOfAnotherClientCannotBeReferenced() {
		WeirServer weir = single;
		HttpResponse<String> made = weir.post("/v1/responses", "{\"model\":\"m\",\"input\":\"hi\"}", "api-key", ALICE);
		String item = JsonMapper.shared().readTree(made.body()).at("/output/0/id").asString();
		String body = "{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\",\"id\":\"" + item + "\"}]}";
		assertThat(weir.post("/v1/responses", body, "api-key", ALICE).statusCode()).isEqualTo(200);
		assertThat(weir.post("/v1/responses", body, "api-key", BOB).statusCode()).isEqualTo(404);
	}

	@Test
	void s10ABodyThatWeirDoesNotUnderstandCannotNameAnObjectOfAnotherClient() {
		for (WeirServer weir : List.of(pair, single)) {
			String file = create(weir, ALICE, "files", "{}");
			for (String body : List.of("{\"training_file\":\"FILE\",\"model\":\"x\",\"model\":\"x\"}",
					"{\"training_file\":\"FILE\",\"model\":\"x\",\"a\":" + "[".repeat(501) + "]".repeat(501) + "}",
					"{\"training_file\":\"FILE\",\"a\":" + "1".repeat(1001) + "}",
					"{\"training_file\":\"FILE\",\"" + "a".repeat(50_001) + "\":1}", "{\"training_file\":\"FILE\"",
					"{\"training_file\":\"FILE\"}]")) {
				HttpResponse<String> reply = weir.post("/v1/fine_tuning/jobs", body.replace("FILE", file), "api-key",
						BOB);
				assertThat(reply.statusCode()).as(reply.body()).isEqualTo(400);
				assertThat(reply.headers().firstValue("x-weir-backend")).isEmpty();
			}
			assertThat(weir
				.post("/v1/fine_tuning/jobs", "{\"Training_File\":\"" + file + "\",\"model\":\"x\"}", "api-key", BOB)
				.statusCode()).isEqualTo(404);
		}
	}

	private static String escaped(String id) {
		StringBuilder escaped = new StringBuilder();
		id.chars().forEach((c) -> escaped.append(String.format("\\u%04x", c)));
		return escaped.toString();
	}

	@Test
	void s10AnIdOfAnotherClientIsRecognizedHoweverItIsWritten() {
		String id = "file-" + "a".repeat(200);
		single.bean(ObjectOwners.class)
			.remember(List.of(new StoredObject(ObjectKind.FILE, id)), new Owner("http://x", "", "gamma"), "alice");
		for (String written : List.of(id, escaped(id))) {
			HttpResponse<String> reply = single.post("/v1/vector_stores", "{\"file_ids\":[\"" + written + "\"]}",
					"api-key", BOB);
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(404);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"file_ids\":[\"ID\"]}", "{\"file_ids\":\"ID\"}", "{\"file_ids\":[\"a\",\"ID\"]}" })
	void s10AnIdThatIsTooLongIsUnknown(String body) {
		for (String id : List.of("a".repeat(513), "ä".repeat(513), escaped("a".repeat(513)), "😀".repeat(257),
				"a".repeat(5000))) {
			HttpResponse<String> reply = single.post("/v1/vector_stores", body.replace("ID", id), "api-key", BOB);
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(404);
			assertThat(reply.headers().firstValue("x-weir-backend")).isEmpty();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "files/ID", "responses/ID", "responses/ID/input_items", "vector_stores/vs/files/ID",
			"fine_tuning/jobs/ID/events" })
	void s10AnIdInThePathThatCannotBeOneIsUnknown(String path) {
		for (String id : List.of("a".repeat(513), "%20", "%20%20")) {
			HttpResponse<String> reply = get(single, BOB, path.replace("ID", id));
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(404);
			assertThat(reply.headers().firstValue("x-weir-backend")).isEmpty();
		}
	}

	private static String ids(int count, String last) {
		StringBuilder ids = new StringBuilder();
		for (int i = 0; i < count; i++) {
			ids.append("\"file-").append(i).append("\",");
		}
		return "{\"file_ids\":[" + ids + "\"" + last + "\"]}";
	}

	@Test
	void s10ABodyWithTooManyObjectsIsRefused() {
		String file = create(single, ALICE, "files", "{}");
		HttpResponse<String> reply = single.post("/v1/vector_stores", ids(1000, file), "api-key", BOB);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(400);
		assertThat(reply.body()).contains("too_many_objects", "1000");
		assertThat(single.post("/v1/vector_stores", ids(999, "file-0"), "api-key", ALICE).statusCode()).isEqualTo(200);
		assertThat(single.post("/v1/vector_stores", ids(1000, "file-0"), "api-key", ALICE).statusCode()).isEqualTo(200);
		assertThat(single.post("/v1/vector_stores", ids(999, file), "api-key", BOB).statusCode()).isEqualTo(404);
	}

	private static String conversation(int count, String item, String last) {
		StringBuilder items = new StringBuilder();
		for (int i = 0; i < count; i++) {
			items.append(item.replace("N", String.valueOf(i))).append(',');
		}
		return "{\"model\":\"m\",\"input\":[" + items + last + "]}";
	}

	@Test
	void s10ALongConversationCannotHideAnItemOfAnotherClient() {
		HttpResponse<String> made = single.post("/v1/responses", "{\"model\":\"m\",\"input\":\"hi\"}", "api-key",
				ALICE);
		String item = "{\"type\":\"item_reference\",\"id\":\""
				+ JsonMapper.shared().readTree(made.body()).at("/output/0/id").asString() + "\"}";
		String message = "{\"type\":\"message\",\"id\":\"msg_N\",\"role\":\"user\",\"content\":\"hi\"}";
		assertThat(single.post("/v1/responses", conversation(1999, message, item), "api-key", BOB).statusCode())
			.isEqualTo(404);
		HttpResponse<String> reply = single.post("/v1/responses", conversation(2000, message, item), "api-key", BOB);
		assertThat(reply.statusCode()).isEqualTo(400);
		assertThat(reply.body()).contains("too_many_objects");
		// each client that has encrypted reasoning may use it
		String reasoning = "{\"type\":\"reasoning\",\"encrypted_content\":\"" + "abcdefgh".repeat(20) + "N\"}";
		assertThat(
				single.post("/v1/responses", conversation(2500, reasoning, message.replace("N", "1")), "api-key", BOB)
					.statusCode())
			.isEqualTo(400);
		assertThat(single.post("/v1/responses", conversation(2500, reasoning, reasoning), "api-key", BOB).statusCode())
			.isEqualTo(200);
	}

	@ParameterizedTest
	@ValueSource(strings = { "input_reference[file_id]", "file_ids[]", "FILE_ID", "video[id]", "characters[0][id]" })
	void s10AFormCannotNameAnObjectOfAnotherClient(String field) {
		boolean video = field.startsWith("video");
		String path = field.contains("_ids") || field.startsWith("FILE") ? "/v1/vector_stores/vs_1/files"
				: "/v1/videos";
		String id = create(single, ALICE, video ? "videos" : "files", "{\"model\":\"m\"}");
		if (field.startsWith("characters")) {
			id = "char_alice";
			single.bean(ObjectOwners.class)
				.remember(List.of(new StoredObject(ObjectKind.VIDEO_CHARACTER, id)), new Owner("http://x", "", "gamma"),
						"alice");
		}
		for (String more : List.of("", "; filename=\"a\"")) {
			String form = "--x\r\nContent-Disposition: form-data; name=\"" + field + "\"" + more + "\r\n\r\n" + id
					+ "\r\n--x--\r\n";
			try (RawClient client = RawClient.of(single)) {
				RawReply reply = client.send("POST " + path, form.getBytes(StandardCharsets.UTF_8),
						"content-type: multipart/form-data; boundary=x", "api-key: " + BOB);
				assertThat(reply.status()).as(reply.text()).isEqualTo(404);
			}
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/uploads", "/v1/fine_tuning/anything", "/v1/organization/users", "/v1/projects",
			"/v1/realtime/calls", "/v1/video/generations", "/v1/chatkit/sessions", "/v1/audio/anything",
			"/openai/deployments/m/files?api-version=2024-10-21",
			"/openai/deployments/m/batches?api-version=2024-10-21" })
	void s10WhatIsNeitherAKnownListNorAnObjectIsNotRead(String path) {
		for (WeirServer weir : List.of(pair, single)) {
			HttpResponse<String> reply = weir.get(path, "api-key", BOB);
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(404);
			assertThat(reply.body()).contains("unknown_operation");
			assertThat(reply.headers().firstValue("x-weir-backend")).isEmpty();
		}
	}

	@Test
	void whatIsMadeBelowAnObjectBelongsToItsClient() {
		WeirServer weir = pair;
		HttpResponse<String> batch = weir.post("/v1/batches", "{}", "api-key", ALICE);
		String output = JsonMapper.shared().readTree(batch.body()).get("output_file_id").asString();
		assertThat(status(weir, ALICE, "files/" + output + "/content")).isEqualTo(200);
		assertThat(status(weir, BOB, "files/" + output + "/content")).isEqualTo(404);
	}

	@Test
	void eachKeyOfAClientIsTheSameClient() {
		WeirServer weir = pair;
		String file = create(weir, BOB, "files", "{}");
		assertThat(status(weir, "next-key-of-bob-0123", "files/" + file)).isEqualTo(200);
	}

	@Test
	void newObjectsOfAClientAreMadeAtOneBackendWhateverItsKey() {
		WeirServer weir = weir("", storing("alpha"), storing("beta"), storing("delta"));
		String first = create(weir, BOB, "files", "{}").replaceFirst("x\\d+$", "");
		for (int i = 0; i < 4; i++) {
			assertThat(create(weir, (i % 2 == 0) ? BOB : "next-key-of-bob-0123", "files", "{}"))
				.startsWith(first + "x");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "  affinity.unknown-owner: allow\n" })
	void anObjectOfAnUnknownClientIsServedAndBecomesNobodys(String policy) {
		StoringBackend alpha = storing("alpha");
		WeirServer weir = weir(policy, alpha, storing("beta"));
		String file = alpha.store("file-");
		for (int i = 0; i < 2; i++) {
			assertThat(status(weir, ALICE, "files/" + file)).isEqualTo(200);
			assertThat(status(weir, BOB, "files/" + file)).isEqualTo(200);
		}
		String response = alpha.store("resp_");
		String next = create(weir, ALICE, "responses",
				"{\"model\":\"m\",\"input\":\"hi\",\"previous_response_id\":\"" + response + "\"}");
		assertThat(status(weir, BOB, "responses/" + next)).isEqualTo(404);
		assertThat(status(weir, BOB, "responses/" + response)).isEqualTo(200);
	}

	@Test
	void anObjectOfAnUnknownClientCanBeDenied() {
		StoringBackend alpha = storing("alpha");
		WeirServer weir = weir("  affinity.unknown-owner: deny\n", alpha);
		String file = alpha.store("file-");
		int before = alpha.requests().size();
		HttpResponse<String> reply = get(weir, ALICE, "files/" + file);
		assertThat(reply.statusCode()).isEqualTo(404);
		assertThat(alpha.requests()).hasSize(before);
		assertThat(status(weir, ALICE, "files/" + create(weir, ALICE, "files", "{}"))).isEqualTo(200);
		// ids of items may be made up by the client
		assertThat(weir.post("/v1/responses",
				"{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"user\",\"content\":\"hi\"}]}",
				"api-key", ALICE)
			.statusCode()).isEqualTo(200);
	}

	@Test
	void anSdkOfAnotherClientFindsNothing() {
		WeirServer weir = pair;
		try (Sdk alice = new Sdk(weir, ALICE); Sdk bob = new Sdk(weir, BOB)) {
			String response = alice.client.responses()
				.create(ResponseCreateParams.builder().model("m").input("hi").build())
				.id();
			assertThat(alice.client.responses().retrieve(response).id()).isEqualTo(response);
			assertThatExceptionOfType(NotFoundException.class)
				.isThrownBy(() -> bob.client.responses().retrieve(response));
			assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> bob.client.responses()
				.create(ResponseCreateParams.builder().model("m").input("hi").previousResponseId(response).build()));
			String file = alice.client.files()
				.create(FileCreateParams.builder()
					.file("{}".getBytes(StandardCharsets.UTF_8))
					.purpose(FilePurpose.BATCH)
					.build())
				.id();
			assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> bob.client.files().delete(file));
			alice.client.files().delete(file);
		}
	}

	private record Sdk(OpenAIClient client) implements AutoCloseable {

		Sdk(WeirServer weir, String key) {
			this(OpenAIOkHttpClient.builder().baseUrl(weir.uri("/v1").toString()).apiKey(key).maxRetries(0).build());
		}

		@Override
		public void close() {
			this.client.close();
		}

	}

	/** Two resources with the files of two clients and of others. */
	private final class Lists {

		private final ObjectStore one = new ObjectStore();

		private final ObjectStore two = new ObjectStore();

		private final WeirServer weir;

		private final List<String> alices = new ArrayList<>();

		Lists(boolean both, int files) {
			RawBackend first = ClientObjectsTests.this.resources.backend(this.one);
			RawBackend second = ClientObjectsTests.this.resources.backend(this.two);
			this.weir = ClientObjectsTests.this.resources.add(WeirServer
				.start(both ? yaml("", WeirServer.backend("one", first.url()), WeirServer.backend("two", second.url()))
						: yaml("", WeirServer.backend("one", first.url()))));
			ObjectOwners owners = this.weir.bean(ObjectOwners.class);
			for (int i = 0; i < files; i++) {
				boolean isFirst = !both || i % 3 != 0;
				String id = "file-" + i;
				(isFirst ? this.one : this.two).add("files", id, 1000 + i / 2);
				Owner owner = new Owner((isFirst ? first : second).url().toString(), "", isFirst ? "one" : "two");
				List<StoredObject> object = List.of(new StoredObject(ObjectKind.FILE, id));
				switch (i % 7) {
					case 2, 3 -> {
						owners.remember(object, owner, "alice");
						this.alices.add(id);
					}
					case 4 -> owners.rememberMentioned(object, owner, null);
					case 5, 6 -> owners.remember(object, owner, "bob");
					default -> {
					}
				}
			}
		}

		JsonNode page(String key, String query) {
			HttpResponse<String> reply = get(this.weir, key, "files" + query);
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
			return JsonMapper.shared().readTree(reply.body());
		}

		List<String> ids(JsonNode page) {
			List<String> ids = new ArrayList<>();
			page.get("data").forEach((item) -> ids.add(item.get("id").asString()));
			return ids;
		}

		List<String> pages(String key, int limit, String more) {
			List<String> all = new ArrayList<>();
			String after = "";
			while (true) {
				JsonNode page = page(key, "?limit=" + limit + more + after);
				List<String> ids = ids(page);
				all.addAll(ids);
				if (!page.get("has_more").asBoolean()) {
					return all;
				}
				assertThat(ids).hasSize(limit);
				assertThat(page.get("last_id").asString()).isEqualTo(ids.get(limit - 1));
				after = "&after=" + ids.get(limit - 1);
			}
		}

	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void s10AListHasTheObjectsOfTheClientOnly(boolean both) {
		Lists lists = new Lists(both, 43);
		assertThat(lists.alices).hasSize(12);
		for (int limit : new int[] { 1, 2, 3, 4, 7, 12, 100 }) {
			assertThat(lists.pages(ALICE, limit, "")).containsExactlyInAnyOrderElementsOf(lists.alices);
			assertThat(lists.pages(ALICE, limit, "&order=asc")).containsExactlyInAnyOrderElementsOf(lists.alices);
			assertThat(lists.pages(BOB, limit, "")).hasSize(12).doesNotContainAnyElementsOf(lists.alices);
		}
		JsonNode whole = lists.page(ALICE, "");
		assertThat(lists.ids(whole)).containsExactlyInAnyOrderElementsOf(lists.alices);
		assertThat(whole.get("has_more").asBoolean()).isFalse();
		try (Sdk alice = new Sdk(lists.weir, ALICE)) {
			assertThat(alice.client.files()
				.list(FileListParams.builder().limit(5L).build())
				.autoPager()
				.stream()
				.map((file) -> file._id().asString().orElseThrow())).containsExactlyInAnyOrderElementsOf(lists.alices);
		}
		String cursor = lists.alices.get(5);
		assertThat(lists.ids(lists.page(ALICE, "?limit=2&after=" + cursor))).hasSize(2);
		HttpResponse<String> reply = get(lists.weir, BOB, "files?limit=2&after=" + cursor);
		assertThat(reply.statusCode()).isEqualTo(404);
		HttpResponse<String> madeUp = get(lists.weir, BOB, "files?limit=2&after=file-made-up");
		assertThat(reply.body().replace(cursor, "ID")).isEqualTo(madeUp.body().replace("file-made-up", "ID"));
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void furtherPagesOfTheBackendAreReadUntilThePageIsFull(boolean paged) {
		Lists lists = new Lists(true, 300);
		lists.one.maxPage(5);
		lists.two.maxPage(5);
		if (!paged) {
			lists.one.withoutPages();
		}
		assertThat(lists.pages(ALICE, 20, "")).containsExactlyInAnyOrderElementsOf(lists.alices);
	}

	@Test
	void listsThatOnlySomeServersHaveShowNothingOfOthers() {
		ObjectStore store = new ObjectStore().add("conversations", "conv_1", 1);
		WeirServer weir = this.resources
			.add(WeirServer.start(yaml("", WeirServer.backend("one", this.resources.backend(store).url()))));
		HttpResponse<String> reply = get(weir, ALICE, "conversations");
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.body()).contains("\"data\":[]");
		assertThat(status(weir, ALICE, "threads")).isEqualTo(404);
	}

	/**
	 * A backend whose WebSockets make a response for each message, and which issues keys.
	 */
	private static void serveSockets(RawBackend.Call call, List<String> received) throws IOException {
		if (call.request().contains("client_secrets")) {
			call.respond("200 OK", "{\"value\":\"ek_of_alice\",\"session\":{}}");
			return;
		}
		if (call.request().startsWith("POST") && call.request().contains("realtime/calls ")) {
			call.respond("201 Created", "v=0", "content-type: application/sdp", "location: /v1/realtime/calls/rtc_1");
			return;
		}
		if (!call.request().toLowerCase(Locale.ROOT).contains("upgrade: websocket")) {
			call.respond("200 OK", "{\"id\":\"resp_1\",\"object\":\"response\"}");
			return;
		}
		RawWebSocket socket = RawWebSocket.accept(call);
		while (true) {
			RawWebSocket.Frame frame = socket.next();
			if (frame.opcode() != RawWebSocket.TEXT) {
				return;
			}
			received.add(frame.text());
			String id = "\"id\":\"resp_" + received.size() + "\"";
			socket.text("{\"type\":\"response.created\",\"response\":{" + id + "}}")
				.text("{\"type\":\"response.completed\",\"response\":{" + id + "}}");
		}
	}

	private static String message(String more) {
		return "{\"type\":\"response.create\",\"model\":\"m\",\"input\":\"hi\"" + more + "}";
	}

	private static String respond(RawWebSocket client, String message) {
		client.text(message);
		String last = client.nextText();
		return last.contains("response.created") ? client.nextText() : last;
	}

	@Test
	void s10AMessageOfAWebSocketCannotNameObjectsOfAnotherClient() {
		List<String> received = new CopyOnWriteArrayList<>();
		RawBackend backend = this.resources.backend((call) -> serveSockets(call, received));
		WeirServer weir = this.resources.add(WeirServer.start(yaml("", WeirServer.backend("one", backend.url()))));
		ObjectOwners owners = weir.bean(ObjectOwners.class);
		Owner owner = new Owner(backend.url().toString(), "", "one");
		owners.remember(List.of(new StoredObject(ObjectKind.VECTOR_STORE, "vs_alice")), owner, "alice");
		String store = ",\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"vs_alice\"]}]";
		try (RawWebSocket alice = RawWebSocket.connect(weir, "/v1/responses", "api-key: " + ALICE);
				RawWebSocket bob = RawWebSocket.connect(weir, "/v1/responses", "api-key: " + BOB)) {
			assertThat(respond(alice, message(store))).contains("response.completed", "resp_1");
			assertThat(respond(bob, message(",\"previous_response_id\":\"resp_1\""))).contains("\"status\":404",
					"previous_response_not_found");
			assertThat(respond(bob, message(store))).contains("\"status\":404");
			assertThat(received).hasSize(1);
			// on a connection that has the previous response, too
			assertThat(respond(bob, message(""))).contains("response.completed", "resp_2");
			assertThat(respond(bob, message(",\"previous_response_id\":\"resp_2\"" + store)))
				.contains("\"status\":404");
			assertThat(received).hasSize(2);
			assertThat(respond(bob, message(",\"previous_response_id\":\"resp_2\""))).contains("response.completed");
			assertThat(respond(alice, message(",\"previous_response_id\":\"resp_1\"" + store)))
				.contains("response.completed");
		}
		assertThat(status(weir, BOB, "responses/resp_1")).isEqualTo(404);
		assertThat(status(weir, ALICE, "responses/resp_1")).isEqualTo(200);
	}

	@Test
	void s10AnEphemeralKeyIsThatOfTheClientThatAskedForIt() {
		RawBackend backend = this.resources.backend((call) -> serveSockets(call, new CopyOnWriteArrayList<>()));
		WeirServer weir = this.resources.add(WeirServer.start(yaml("", WeirServer.backend("one", backend.url()))));
		assertThat(weir.post("/v1/realtime/client_secrets", "{}", "api-key", ALICE).statusCode()).isEqualTo(200);
		assertThat(weir.post("/v1/realtime/calls", "v=0", "authorization", "Bearer ek_of_alice").statusCode())
			.isEqualTo(201);
		assertThat(weir.post("/v1/realtime/calls/rtc_1/hangup", "", "api-key", BOB).statusCode()).isEqualTo(404);
		assertThat(weir.post("/v1/realtime/calls/rtc_1/hangup", "", "api-key", ALICE).statusCode()).isEqualTo(200);
	}

}
