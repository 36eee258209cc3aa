package dev.weir.list;

import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.batches.BatchListParams;
import com.openai.models.beta.assistants.AssistantListParams;
import com.openai.models.chat.completions.ChatCompletionListParams;
import com.openai.models.containers.ContainerListParams;
import com.openai.models.evals.EvalListParams;
import com.openai.models.files.FileListParams;
import com.openai.models.finetuning.jobs.JobListParams;
import com.openai.models.vectorstores.VectorStoreListParams;
import com.openai.models.videos.VideoListParams;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.openai.call.ApiPath;
import dev.weir.openai.list.StoredList;
import dev.weir.openai.stored.StoredOperation;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.ObjectStore;
import dev.weir.testing.OpenResources;
import dev.weir.testing.PoolsYaml;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Lists over the backends of a pool, with the official OpenAI SDK and by hand.
 */
class MergedListTests {

	private static final int POOLS = 160;

	private static final List<RawBackend> BACKENDS = new ArrayList<>();

	private static int used;

	private static WeirServer server;

	private static WeirServer otherServer;

	private final OpenResources open = new OpenResources();

	private final ObjectStore[] stores = { new ObjectStore(), new ObjectStore(), new ObjectStore() };

	private final List<RawBackend> backends = BACKENDS;

	private String pool;

	private Client weir;

	private Client other;

	@BeforeAll
	static void startServers() {
		for (int i = 0; i < 3; i++) {
			BACKENDS.add(RawBackend.start(Scripts.UNUSED));
		}
		server = WeirServer.start(pools("max-wait: 0s"));
		otherServer = WeirServer.start(pools("max-wait: 5s, deadline: 2s"));
	}

	@AfterAll
	static void stopServers() {
		server.close();
		otherServer.close();
		BACKENDS.forEach(RawBackend::close);
	}

	private static String pools(String settings) {
		PoolsYaml yaml = new PoolsYaml();
		for (int i = 0; i < POOLS; i++) {
			String pool = "pool-" + i;
			yaml.route("{id: " + pool + ", uri: 'lb://" + pool + "', predicates: ['Path=/" + pool
					+ "/**'], filters: [StripPrefix=1]}")
				.poolWithoutRoute(pool, settings,
						PoolsYaml.backend(pool + "-one", "azure", BACKENDS.get(0).url("127.0.0.1"),
								"api-version: '2024-10-21'"),
						PoolsYaml.backend(pool + "-two", "openai", BACKENDS.get(1).url(), "priority: 2"), PoolsYaml
							.backend(pool + "-three", "azure", BACKENDS.get(2).url(), "api-version: '2024-10-21'"));
		}
		return yaml.toString();
	}

	@BeforeEach
	void start() {
		for (int i = 0; i < 3; i++) {
			this.backends.get(i).script(this.stores[i]);
			this.backends.get(i).requests().clear();
		}
		this.pool = "pool-" + used++;
		this.weir = new Client(server, "/" + this.pool);
		this.other = new Client(otherServer, "/" + this.pool);
	}

	@AfterEach
	void stop() {
		this.open.close();
	}

	/** A Weir and the prefix of the pool that the test uses. */
	record Client(WeirServer server, String prefix) {

		HttpResponse<String> get(String target) {
			return this.server.get(this.prefix + target);
		}

	}

	private String names(String... backends) {
		return Stream.of(backends).map((name) -> this.pool + "-" + name).sorted().collect(Collectors.joining(","));
	}

	private OpenAIClient sdk(Client client) {
		return this.open
			.add(new Closing(OpenAIOkHttpClient.builder()
				.baseUrl(client.server().uri(client.prefix() + "/v1").toString())
				.apiKey("key-of-the-application")
				.maxRetries(0)
				.build()))
			.sdk();
	}

	record Closing(OpenAIClient sdk) implements AutoCloseable {

		@Override
		public void close() {
			this.sdk.close();
		}

	}

	/** The lists of the SDK. */
	// the SDK marks assistants as deprecated
	@SuppressWarnings("deprecation")
	enum SdkList {

		FILES("files",
				(sdk, newestFirst) -> sdk.client()
					.files()
					.list(FileListParams.builder()
						.limit(sdk.limit())
						.order(newestFirst ? FileListParams.Order.DESC : FileListParams.Order.ASC)
						.build())
					.autoPager()
					.stream()
					.map((it) -> it.id())),

		VECTOR_STORES("vector_stores",
				(sdk, newestFirst) -> sdk.client()
					.vectorStores()
					.list(VectorStoreListParams.builder()
						.limit(sdk.limit())
						.order(newestFirst ? VectorStoreListParams.Order.DESC : VectorStoreListParams.Order.ASC)
						.build())
					.autoPager()
					.stream()
					.map((it) -> it.id())),

		CHAT_COMPLETIONS("chat/completions",
				(sdk, newestFirst) -> sdk.client()
					.chat()
					.completions()
					.list(ChatCompletionListParams.builder()
						.limit(sdk.limit())
						.order(newestFirst ? ChatCompletionListParams.Order.DESC : ChatCompletionListParams.Order.ASC)
						.build())
					.autoPager()
					.stream()
					.map((it) -> it.id())),

		ASSISTANTS("assistants",
				(sdk, newestFirst) -> sdk.client()
					.beta()
					.assistants()
					.list(AssistantListParams.builder()
						.limit(sdk.limit())
						.order(newestFirst ? AssistantListParams.Order.DESC : AssistantListParams.Order.ASC)
						.build())
					.autoPager()
					.stream()
					.map((it) -> it.id())),

		CONTAINERS("containers",
				(sdk, newestFirst) -> sdk.client()
					.containers()
					.list(ContainerListParams.builder()
						.limit(sdk.limit())
						.order(newestFirst ? ContainerListParams.Order.DESC : ContainerListParams.Order.ASC)
						.build())
					.autoPager()
					.stream()
					.map((it) -> it.id())),

		EVALS("evals",
				(sdk, newestFirst) -> sdk.client()
					.evals()
					.list(EvalListParams.builder()
						.limit(sdk.limit())
						.order(newestFirst ? EvalListParams.Order.DESC : EvalListParams.Order.ASC)
						.build())
					.autoPager()
					.stream()
					.map((it) -> it.id())),

		VIDEOS("videos",
				(sdk, newestFirst) -> sdk.client()
					.videos()
					.list(VideoListParams.builder()
						.limit(sdk.limit())
						.order(newestFirst ? VideoListParams.Order.DESC : VideoListParams.Order.ASC)
						.build())
					.autoPager()
					.stream()
					.map((it) -> it.id())),

		BATCHES("batches",
				(sdk, newestFirst) -> sdk.client()
					.batches()
					.list(BatchListParams.builder().limit(sdk.limit()).build())
					.autoPager()
					.stream()
					.map((it) -> it.id())),

		FINE_TUNING_JOBS("fine_tuning/jobs",
				(sdk, newestFirst) -> sdk.client()
					.fineTuning()
					.jobs()
					.list(JobListParams.builder().limit(sdk.limit()).build())
					.autoPager()
					.stream()
					.map((it) -> it.id()));

		private final String path;

		private final Lister lister;

		SdkList(String path, Lister lister) {
			this.path = path;
			this.lister = lister;
		}

		boolean hasOrder() {
			return this != BATCHES && this != FINE_TUNING_JOBS;
		}

	}

	/** Iterates over a list with the SDK's pager. */
	interface Lister {

		Stream<String> ids(Sdk sdk, boolean newestFirst);

	}

	record Sdk(OpenAIClient client, int limit) {
	}

	static Stream<Object[]> pagedLists() {
		return Arrays.stream(SdkList.values())
			.flatMap((list) -> Stream.of(true, false)
				.filter((newestFirst) -> newestFirst || list.hasOrder())
				.flatMap((newestFirst) -> IntStream.of(1, 3, 7, 100)
					.mapToObj((limit) -> new Object[] { list, newestFirst, limit })));
	}

	/** 0 to 12 objects on each backend, with many equal times. */
	private List<String> fill(String path, int seed) {
		Random random = new Random(seed);
		List<String[]> all = new ArrayList<>();
		for (int store = 0; store < this.stores.length; store++) {
			int count = 5 + random.nextInt(8);
			for (int i = 0; i < count; i++) {
				long created = 1_700_000_000 + random.nextInt(8);
				String id = "obj-" + store + "-" + i;
				this.stores[store].add(path, id, created);
				all.add(new String[] { id, String.valueOf(created) });
			}
		}
		return all.stream().sorted(Comparator.comparing((String[] it) -> it[1])).map((it) -> it[0]).toList();
	}

	@ParameterizedTest
	@MethodSource("pagedLists")
	void s6TheSdksPagerVisitsEachObjectOfAllBackendsOnceAndInOrder(SdkList list, boolean newestFirst, int limit) {
		List<String> expected = fill(list.path, 31 * limit);
		List<String> visited = list.lister.ids(new Sdk(sdk(this.weir), limit), newestFirst).toList();
		assertThat(visited).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(expected);
		assertInOrder(list.path, visited, newestFirst);
	}

	private void assertInOrder(String path, List<String> ids, boolean newestFirst) {
		List<Long> times = ids.stream().map((id) -> created(path, id)).toList();
		assertThat(times).isSortedAccordingTo(newestFirst ? Comparator.reverseOrder() : Comparator.naturalOrder());
	}

	private long created(String path, String id) {
		return this.stores[Integer.parseInt(id.split("-")[1])].created(path, id);
	}

	@ParameterizedTest
	@CsvSource({ "desc, 1", "asc, 1", "desc, 3", "asc, 3", "desc, 20", "asc, 20" })
	void s6AnotherWeirContinuesAtAnyObject(String order, int limit) {
		List<String> expected = fill("vector_stores", limit);
		List<String> visited = new ArrayList<>();
		JsonNode page = list(this.weir, "/v1/vector_stores?order=" + order + "&limit=" + limit);
		for (int i = 1; !page.path("data").isEmpty(); i++) {
			visited.addAll(ids(page));
			assertThat(page.path("first_id").stringValue()).isEqualTo(ids(page).get(0));
			page = list((i % 2 == 0) ? this.weir : this.other, "/v1/vector_stores?order=" + order + "&limit=" + limit
					+ "&after=" + page.path("last_id").stringValue());
		}
		assertThat(visited).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(expected);
		assertThat(visited).isEqualTo(ids(list(this.other, "/v1/vector_stores?limit=100&order=" + order)));
	}

	@ParameterizedTest
	@CsvSource({ "desc, 1", "asc, 2", "desc, 5", "asc, 20" })
	void s6ThePageBeforeAnObjectEndsWithItsPredecessor(String order, int limit) {
		fill("vector_stores", 7);
		List<String> all = ids(list(this.weir, "/v1/vector_stores?limit=100&order=" + order));
		for (int i = 0; i < all.size(); i++) {
			JsonNode page = list(this.weir,
					"/v1/vector_stores?order=" + order + "&limit=" + limit + "&before=" + all.get(i));
			assertThat(ids(page)).isEqualTo(all.subList(Math.max(0, i - limit), i));
			assertThat(page.path("has_more").booleanValue()).isEqualTo(i > limit);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/files", "/files", "/openai/v1/files", "/openai/files",
			"/openai/files?api-version=2024-10-21" })
	void aListIsMergedInEveryDialect(String target) {
		this.stores[0].add("files", "a", 1, ",\"bytes\":1.50,\"note\":\"ü\\n\"");
		this.stores[1].add("files", "b", 3);
		this.stores[2].add("files", "c", 2);
		HttpResponse<String> reply = this.weir.get(target);
		assertThat(reply.statusCode()).isEqualTo(200);
		assertThat(reply.headers().firstValue("content-type")).hasValue("application/json");
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(names("one", "three", "two"));
		assertThat(reply.headers().firstValue("x-weir-attempts")).hasValue("3");
		assertThat(reply.body())
			.isEqualTo("{\"object\":\"list\",\"data\":[" + "{\"id\":\"b\",\"object\":\"files\",\"created_at\":3},"
					+ "{\"id\":\"c\",\"object\":\"files\",\"created_at\":2},"
					+ "{\"id\":\"a\",\"object\":\"files\",\"created_at\":1,\"bytes\":1.50,\"note\":\"ü\\n\"}],"
					+ "\"first_id\":\"b\",\"last_id\":\"a\",\"has_more\":false}");
		assertThat(this.backends.get(0).requests()).singleElement()
			.asString()
			.containsIgnoringCase("key-of-" + names("one"));
		assertThat(this.backends.get(1).requests()).singleElement()
			.asString()
			.startsWith("GET /v1/files HTTP/1.1\r\n")
			.containsIgnoringCase("authorization: Bearer key-of-" + names("two"));
	}

	@Test
	void anEmptyListHasNoIds() {
		for (ObjectStore store : this.stores) {
			store.add("files", "a", 1, ",\"purpose\":\"batch\"");
		}
		assertThat(this.weir.get("/v1/files?purpose=fine-tune").body())
			.isEqualTo("{\"object\":\"list\",\"data\":[],\"first_id\":null,\"last_id\":null,\"has_more\":false}");
	}

	@Test
	void filtersApplyToEveryBackend() {
		this.stores[0].add("files", "a", 1, ",\"purpose\":\"batch\"").add("files", "b", 2, ",\"purpose\":\"user\"");
		this.stores[1].add("files", "c", 3, ",\"purpose\":\"batch\"").add("files", "d", 4, ",\"purpose\":\"user\"");
		this.stores[2].add("files", "e", 5, ",\"purpose\":\"user\"");
		assertThat(ids(list(this.weir, "/v1/files?purpose=batch"))).containsExactly("c", "a");
		assertThat(ids(list(this.weir, "/v1/files?purpose=batch&limit=1&after=c"))).containsExactly("a");
	}

	@Test
	void aNextPageCostsOneCallForEachBackend() {
		fill("batches", 3);
		String last = list(this.weir, "/v1/batches?limit=4").path("last_id").stringValue();
		this.backends.forEach((backend) -> backend.requests().clear());
		list(this.weir, "/v1/batches?limit=4&after=" + last);
		assertThat(this.backends).allMatch((backend) -> backend.requests().size() == 1);
	}

	@Test
	void aDeletedObjectOfAnotherBackendDoesNotBreakThePaging() {
		this.stores[0].add("batches", "a1", 5).add("batches", "a2", 2);
		this.stores[1].add("batches", "b1", 4).add("batches", "b2", 1);
		this.stores[2].add("batches", "c1", 3);
		assertThat(ids(list(this.weir, "/v1/batches?limit=2"))).containsExactly("a1", "b1");
		this.stores[0].remove("batches", "a1");
		assertThat(ids(list(this.weir, "/v1/batches?limit=2&after=b1"))).containsExactly("c1", "a2");
	}

	@Test
	void aBackendWithShorterPagesIsReadFurther() {
		fill("vector_stores", 5);
		this.stores[1].maxPage(2);
		List<String> visited = SdkList.VECTOR_STORES.lister.ids(new Sdk(sdk(this.weir), 9), true).toList();
		assertThat(visited).hasSameSizeAs(fillCount("vector_stores")).doesNotHaveDuplicates();
		assertInOrder("vector_stores", visited, true);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void backendsWithoutPagesOrOrderAreSortedByWeir(boolean newestFirst) {
		fill("vector_stores", 11);
		this.stores[0].withoutPages();
		this.stores[1].oldestFirst();
		for (int limit : new int[] { 1, 4, 100 }) {
			List<String> visited = SdkList.VECTOR_STORES.lister.ids(new Sdk(sdk(this.weir), limit), newestFirst)
				.toList();
			assertThat(visited).hasSameSizeAs(fillCount("vector_stores")).doesNotHaveDuplicates();
			assertInOrder("vector_stores", visited, newestFirst);
		}
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 50 })
	void aBackendThatDoesNotShowWhetherObjectsFollowIsReadFurther(int limit) {
		for (int i = 0; i < 150; i++) {
			this.stores[0].add("batches", "a" + i, i);
		}
		this.stores[0].withoutHasMore();
		this.stores[0].maxPage(40);
		this.stores[1].add("batches", "b", 70);
		this.stores[2].add("batches", "c", 71);
		List<String> visited = new ArrayList<>();
		String after = "";
		boolean more = true;
		while (more) {
			JsonNode page = list(this.weir, "/v1/batches?x=y" + ((limit > 0) ? "&limit=" + limit : "") + after);
			visited.addAll(ids(page));
			more = page.path("has_more").booleanValue();
			after = "&after=" + visited.get(visited.size() - 1);
		}
		assertThat(visited).hasSize(152).doesNotHaveDuplicates();
	}

	@Test
	void aBackendThatDoesNotFindTheListMakesItAnError() {
		this.stores[0].add("batches", "a", 1);
		this.stores[2].add("batches", "c", 1);
		this.backends.get(1)
			.script((call) -> call.respond("404 Not Found",
					"{\"error\":{\"code\":\"ProjectNotFound\",\"message\":\"The project 'x' does not exist.\"}}"));
		HttpResponse<String> reply = this.weir.get("/v1/batches");
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(503);
		assertThat(reply.body()).contains(this.pool + "-two", "responded with 404", "incomplete_list");
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"error\":{\"code\":\"404\",\"message\":\"Resource not found\"}}",
			"{\"detail\":\"Not Found\"}", "404 page not found",
			"{\"error\":{\"code\":404,\"message\":\"File Not Found\",\"type\":\"not_found_error\"}}", "", "{}",
			"<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center></body></html>",
			"{\"message\":\"no Route matched with those values\"}", "{\"error_msg\":\"Not Found\"}",
			"<!DOCTYPE html><html><body><pre>Cannot GET /v1/batches</pre></body></html>", "Cannot GET /v1/batches",
			"{\"error\":\"Unexpected endpoint or method. (GET /v1/batches)\"}",
			"{\"error\":{\"message\":\"Unknown request URL: GET /batches.\",\"type\":\"invalid_request_error\",\"code\":\"unknown_url\"}}",
			"{\"error\":{\"message\":\"Invalid URL (GET /v1/batches)\",\"type\":\"invalid_request_error\",\"code\":null}}" })
	void aBackendWithoutThePathOfAListIsNamedInAHeader(String body) {
		this.stores[0].add("batches", "a", 1);
		this.stores[2].add("batches", "c", 2);
		this.backends.get(1).script((call) -> call.respond("404 Not Found", body));
		for (int i = 0; i < 3; i++) {
			HttpResponse<String> reply = this.weir.get("/v1/batches");
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
			assertThat(ids(json(reply))).containsExactly("c", "a");
			assertThat(reply.headers().firstValue("x-weir-backends-without-list")).hasValue(this.pool + "-two");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "405 Method Not Allowed", "501 Not Implemented" })
	void aBackendWithoutTheMethodOfAListIsNamedInAHeader(String status) {
		this.stores[0].add("batches", "a", 1);
		this.stores[2].add("batches", "c", 2);
		this.backends.get(1).script((call) -> call.respond(status, ""));
		HttpResponse<String> reply = this.weir.get("/v1/batches");
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backends-without-list")).hasValue(this.pool + "-two");
	}

	@Test
	void anErrorAboutThePathInA200ShowsThatABackendHasNoList() {
		this.stores[0].add("batches", "a", 1);
		this.stores[2].add("batches", "c", 2);
		this.backends.get(1)
			.script((call) -> call.respond("200 OK",
					"{\"error\":\"Unexpected endpoint or method. (GET /v1/batches)\"}"));
		HttpResponse<String> reply = this.weir.get("/v1/batches");
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backends-without-list")).hasValue(this.pool + "-two");
	}

	@Test
	void everyListOfStoredObjectsIsMerged() {
		assertThat(StoredOperation.all()
			.stream()
			.filter((operation) -> operation.placement() == StoredOperation.Placement.ALL)
			.map((operation) -> ApiPath.parse("GET", "/v1/" + operation.template(), null))).hasSizeGreaterThan(14)
			.allMatch((path) -> StoredList.of(path) != null);
	}

	@ParameterizedTest
	@ValueSource(strings = { "audio/voices", "voices", "audio/voice_consents" })
	void voicesOfAllBackendsAreListed(String path) {
		this.stores[0].add(path, "a", 1);
		this.stores[1].add(path, "b", 2);
		this.stores[2].add(path, "c", 3);
		assertThat(ids(list(this.weir, "/v1/" + path + "?limit=2"))).containsExactly("c", "b");
		assertThat(ids(list(this.weir, "/v1/" + path + "?limit=2&after=b"))).containsExactly("a");
	}

	private Collection<String> fillCount(String path) {
		return Arrays.stream(this.stores).flatMap((store) -> store.ids(path).stream()).toList();
	}

	@Test
	void aBackendThatDoesNotKnowTheListHasNoneOfItsObjects() {
		this.stores[0].add("vector_stores", "a", 1);
		this.stores[2].add("vector_stores", "c", 2);
		HttpResponse<String> reply = this.weir.get("/v1/vector_stores");
		assertThat(reply.statusCode()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(names("one", "three"));
		assertThat(ids(json(reply))).containsExactly("c", "a");
		assertThat(this.weir.get("/v1/evals").statusCode()).isEqualTo(404);
	}

	@Test
	void s6ABackendOutOfServiceIsNamedInAnErrorInPlaceOfAShortList() {
		fill("files", 1);
		this.backends.get(1).script(Scripts.responding("500 Internal Server Error", "{}"));
		HttpResponse<String> reply = this.weir.get("/v1/files");
		assertThat(reply.statusCode()).isEqualTo(503);
		assertThat(json(reply).path("error").path("code").stringValue()).isEqualTo("incomplete_list");
		assertThat(json(reply).path("error").path("message").stringValue())
			.isEqualTo("The list is not complete, because the objects of some backends are missing. " + names("two")
					+ ": The attempt ended with 500.");
		this.backends.get(2).script(Scripts.responding("503 Service Unavailable", "{}"));
		assertThat(json(this.weir.get("/v1/files")).path("error").path("message").stringValue())
			.contains(names("two") + ": The attempt ended with 500.", names("three") + ": The attempt ended with 503.")
			.doesNotContain("tried");
		this.backends.get(2).script(this.stores[2]);
		this.backends.get(1).script(this.stores[1]);
		assertThat(this.weir.get("/v1/files").statusCode()).isEqualTo(200);
	}

	@Test
	void theCausesOfTheBackendsOfOneResourceHaveTheirNames() {
		this.backends.get(0).script(Scripts.responding("500 Internal Server Error", "{}"));
		WeirServer twice = this.open
			.add(WeirServer.withBackends(WeirServer.backend("east-1", this.backends.get(0).url()),
					WeirServer.backend("east-2", this.backends.get(0).url()),
					WeirServer.backend("west", this.backends.get(1).url())));
		HttpResponse<String> reply = twice.get("/v1/files");
		assertThat(reply.statusCode()).isEqualTo(503);
		assertThat(json(reply).path("error").path("message").stringValue())
			.isEqualTo("The list is not complete, because the objects of some backends are missing. east-1, east-2: "
					+ "They are out of service (east-1: the attempt ended with 500, east-2: the attempt ended with 500).");
	}

	@Test
	void theHeaderNamesTheBackendsWhoseObjectsAreInTheList() {
		this.stores[0].add("files", "a", 1);
		this.stores[1].add("files", "b", 3);
		this.stores[1].add("files", "c", 4);
		assertThat(this.weir.get("/v1/files").headers().firstValue("x-weir-backend")).hasValue(names("one", "two"));
		assertThat(this.weir.get("/v1/files?limit=2").headers().firstValue("x-weir-backend")).hasValue(names("two"));
		assertThat(this.weir.get("/v1/files?limit=2&after=b").headers().firstValue("x-weir-backend"))
			.hasValue(names("one"));
		HttpResponse<String> empty = this.weir.get("/v1/files?after=a");
		assertThat(ids(json(empty))).isEmpty();
		assertThat(empty.headers().firstValue("x-weir-backend")).hasValue(names("one", "two"));
	}

	@Test
	void s6ABackendInCooldownIsNamedWithItsDelayAndIsNotCalled() {
		fill("files", 1);
		this.backends.get(2).script(Scripts.throttling("retry-after: 30"));
		HttpResponse<String> reply = this.weir.get("/v1/files");
		assertThat(reply.statusCode()).isEqualTo(503);
		assertThat(reply.headers().firstValue("retry-after")).hasValue("30");
		int calls = this.backends.get(2).requests().size();
		reply = this.weir.get("/v1/files");
		assertThat(reply.statusCode()).isEqualTo(503);
		assertThat(json(reply).path("error").path("message").stringValue()).contains("three");
		assertThat(Integer.parseInt(reply.headers().firstValue("retry-after").orElseThrow())).isBetween(28, 30);
		assertThat(this.backends.get(2).requests()).hasSize(calls);
	}

	@Test
	void aThrottledBackendIsWaitedForWithinMaxWait() {
		fill("files", 1);
		this.backends.get(2).script((call) -> {
			this.backends.get(2).script(this.stores[2]);
			call.respond("429 Too Many Requests", "{}", "retry-after-ms: 300");
		});
		assertThat(this.other.get("/v1/files").statusCode()).isEqualTo(200);
		assertThat(this.backends.get(2).requests()).hasSize(2);
	}

	@Test
	void aStrangeResponseIsAFailureOfItsBackend() {
		fill("files", 1);
		for (String body : List.of("<html></html>", "{\"data\":5}", "{\"data\":[{}]}", "{\"data\":[1]}", "[]", "{\"da",
				"{\"error\":{\"message\":\"x\"}}")) {
			this.backends.get(1).script(Scripts.responding("200 OK", body));
			HttpResponse<String> reply = this.weir.get("/v1/files");
			assertThat(reply.statusCode()).as(body).isEqualTo(503);
			assertThat(reply.body()).contains("-two: ");
		}
	}

	@Test
	void aBackendThatRepeatsAPageForeverIsAFailure() {
		fill("batches", 1);
		this.backends.get(1)
			.script(Scripts.responding("200 OK",
					"{\"object\":\"list\",\"data\":[{\"id\":\"x\",\"created_at\":1}],\"has_more\":true}"));
		assertThat(this.weir.get("/v1/batches").body()).contains("-two: It sends the same page again and again.");
		assertThat(this.backends.get(1).requests()).hasSizeLessThan(5);
	}

	@Test
	void anErrorOfTheClientIsPassedOn() {
		fill("files", 1);
		this.backends.get(1)
			.script(Scripts.responding("400 Bad Request",
					"{\"error\":{\"message\":\"purpose?\",\"type\":\"invalid_request_error\",\"param\":\"purpose\",\"code\":null}}"));
		HttpResponse<String> reply = this.weir.get("/v1/files?purpose=nonsense");
		assertThat(reply.statusCode()).isEqualTo(400);
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(names("two"));
		assertThat(json(reply).path("error").path("param").stringValue()).isEqualTo("purpose");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
			"/v1/batches?limit=0 | limit | integer_below_min_value | Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead.",
			"/v1/batches?limit=101 | limit | integer_above_max_value | Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
			"/v1/files?limit=10001 | limit | integer_above_max_value | Invalid 'limit': integer above maximum value. Expected a value <= 10000, but got 10001 instead.",
			"/v1/vector_stores?limit=many | limit | invalid_type | Invalid type for 'limit': expected an integer, but got 'many' instead.",
			"/v1/vector_stores?order=up | order | invalid_value | Invalid value: 'up'. Supported values are: 'asc' and 'desc'.",
			"/v1/vector_stores?after=a&before=b | before | invalid_value | Use one of 'after' and 'before', not both.",
			"/v1/vector_stores?after=nothing | after | not_found | There is no object 'nothing' in this list." })
	void parametersAreCheckedAsByTheApi(String target, String param, String code, String message) {
		fill("vector_stores", 1);
		HttpResponse<String> reply = this.weir.get(target);
		JsonNode error = json(reply).path("error");
		assertThat(reply.statusCode()).isEqualTo("not_found".equals(code) ? 404 : 400);
		assertThat(error.path("param").stringValue()).isEqualTo(param);
		assertThat(error.path("code").stringValue()).isEqualTo(code);
		assertThat(error.path("message").stringValue()).isEqualTo(message);
	}

	@Test
	void twoBackendsOfOneResourceAreReadOnceAndStandInForEachOther() {
		fill("files", 1);
		WeirServer twice = this.open.add(WeirServer
			.start(WeirServer.pool("max-wait: 0s", PoolsYaml.backend("one", "azure", this.backends.get(0).url()),
					PoolsYaml.backend("again", "azure", this.backends.get(0).url(), "priority: 2"),
					PoolsYaml.backend("two", "azure", this.backends.get(1).url()))));
		HttpResponse<String> reply = twice.get("/v1/files");
		assertThat(ids(json(reply))).doesNotHaveDuplicates()
			.hasSize(this.stores[0].ids("files").size() + this.stores[1].ids("files").size());
		assertThat(this.backends.get(0).requests()).hasSize(1);
		this.backends.get(0).script((call) -> {
			this.backends.get(0).script(this.stores[0]);
			call.respond("429 Too Many Requests", "{}", "retry-after: 30");
		});
		assertThat(twice.get("/v1/files").statusCode()).isEqualTo(200);
	}

	@Test
	void aPoolWithOneResourcePassesTheListThrough() {
		this.stores[0].add("files", "a", 1);
		WeirServer single = this.open
			.add(WeirServer.withBackends(WeirServer.backend("one", this.backends.get(0).url())));
		assertThat(single.get("/v1/files?limit=3").body()).startsWith("{\"object\": \"list\", ");
		assertThat(single.get("/v1/files?limit=0").statusCode()).isEqualTo(400);
	}

	@Test
	void attemptsAreCountedAndNothingStaysInFlight() {
		fill("files", 1);
		this.weir.get("/v1/files");
		LaneFigures.await(server, names("one"), LaneFigures.SERVED_ONCE);
	}

	@Test
	void aPageThatIsTooLongIsReadInSmallerOnes() {
		String padding = ",\"text\":\"" + "x".repeat(100_000) + "\"";
		IntStream.range(0, 100).forEach((i) -> this.stores[1].add("chat/completions", "obj-1-" + i, i, padding));
		this.stores[0].add("chat/completions", "obj-0-0", 50);
		this.stores[2].add("chat/completions", "obj-2-0", 60);
		List<String> ids = ids(list(this.weir, "/v1/chat/completions?limit=100"));
		assertThat(ids).hasSize(100).doesNotHaveDuplicates();
		assertInOrder("chat/completions", ids, false);
	}

	@Test
	void s6ASilentBackendEndsTheListAtTheDeadline() {
		fill("files", 1);
		this.backends.get(1).script((call) -> call.awaitClose());
		HttpResponse<String> reply = this.other.get("/v1/files");
		assertThat(reply.statusCode()).isIn(503, 504);
	}

	@Test
	void s6TheSdkGetsAnErrorAndNotAShortList() {
		fill("files", 1);
		this.backends.get(2).script((call) -> call.reset());
		assertThatExceptionOfType(com.openai.errors.InternalServerException.class)
			.isThrownBy(() -> sdk(this.weir).files().list())
			.withMessageContaining("three");
	}

	private static JsonNode list(Client server, String target) {
		HttpResponse<String> reply = server.get(target);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		return json(reply);
	}

	private static JsonNode json(HttpResponse<String> reply) {
		return JsonMapper.shared().readTree(reply.body());
	}

	private static List<String> ids(JsonNode page) {
		List<String> ids = new ArrayList<>();
		page.path("data").forEach((item) -> ids.add(item.path("id").stringValue()));
		return ids;
	}

}
