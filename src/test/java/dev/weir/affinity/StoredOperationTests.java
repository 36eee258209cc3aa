package dev.weir.affinity;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import dev.weir.backend.Backend;
import dev.weir.backend.Pools;
import dev.weir.openai.stored.ContentHash;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.ShapeSamples;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stored.StoredOperation;
import dev.weir.openai.stored.StoredOperation.Placement;
import dev.weir.testing.StoringBackend;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Every operation on stored objects in the table of {@code docs/affinity.md}. To generate
 * the table: {@code ./mvnw test -Dtest=StoredOperationTests -Dgenerate=true}.
 */
class StoredOperationTests {

	private static final Path DOCUMENT = Path.of("docs/affinity.md");

	private static final String HEADING = "## Operations\n";

	private static final Pattern PLACE = Pattern.compile("\\{([A-Z_]+)}");

	private static final AtomicInteger NUMBERS = new AtomicInteger(1_000_000);

	private static final Set<String> AZURE_ONLY = Set.of("video", "operations");

	private static StoringBackend alpha;

	private static StoringBackend beta;

	private static WeirServer weir;

	private static ObjectOwners owners;

	@BeforeAll
	static void start() throws IOException {
		alpha = StoringBackend.start("alpha");
		beta = StoringBackend.start("beta");
		weir = WeirServer.withBackends(WeirServer.backend("alpha", alpha.url(), "weight: 100"),
				WeirServer.backend("beta", beta.url()));
		owners = weir.beans(ObjectOwners.class).values().iterator().next();
		if (Boolean.getBoolean("generate")) {
			String text = Files.readString(DOCUMENT);
			int at = text.indexOf(HEADING);
			int end = text.indexOf("\n## ", at);
			Files.writeString(DOCUMENT,
					text.substring(0, at) + table() + ((end < 0) ? "" : "\n" + text.substring(end + 1)));
		}
	}

	@AfterAll
	static void stop() {
		weir.close();
		alpha.close();
		beta.close();
	}

	@BeforeEach
	void clear() {
		alpha.requests().clear();
		beta.requests().clear();
	}

	static Stream<StoredOperation> operations() {
		return StoredOperation.all().stream();
	}

	static Stream<StoredOperation> withPath() {
		return operations().filter(StoredOperation::namesObject);
	}

	static Stream<StoredOperation> withBody() {
		return operations().filter((operation) -> operation.request() != IdShape.NONE);
	}

	static Stream<StoredOperation> creating() {
		return operations().filter((operation) -> operation.method().equals("POST") && !operation.namesObject()
				&& operation.response() != IdShape.NONE && !operation.template().equals("responses/compact"));
	}

	/** An object that the second backend made, which a strategy would seldom pick. */
	private static String remembered(ObjectKind kind) {
		String id = kind.name().toLowerCase().replace("_", "") + "_betax" + NUMBERS.incrementAndGet();
		beta.storeAs(id);
		Backend backend = Objects.requireNonNull(weir.beans(Pools.class).values().iterator().next().get("openai"))
			.backends()
			.get(1);
		byte[] content = id.getBytes(StandardCharsets.UTF_8);
		owners.rememberMentioned(
				List.of(new StoredObject(kind,
						(kind == ObjectKind.REASONING) ? ContentHash.of(content, 0, content.length) : id)),
				Owner.of(backend), null);
		return id;
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource("withPath")
	void anOperationOnAnObjectGoesToItsOwner(StoredOperation operation) {
		for (String method : operation.method().equals("*") ? List.of("GET", "POST", "DELETE")
				: List.of(operation.method())) {
			for (String prefix : List.of("/v1/", "/openai/v1/", "/openai/", "/")) {
				if (prefix.equals("/") && AZURE_ONLY.contains(operation.pattern().get(0))) {
					// the default route does not have these
					continue;
				}
				String path = PLACE.matcher(operation.template().replace("/**", ""))
					.replaceAll((place) -> remembered(ObjectKind.valueOf(place.group(1))));
				String query = prefix.equals("/openai/") ? "?api-version=2025-04-01-preview" : "";
				HttpResponse<String> reply = weir.send(method, prefix + path + query, method.equals("GET") ? "" : "{}");
				assertThat(reply.statusCode()).as(method + " " + prefix + path + ": " + reply.body()).isEqualTo(200);
				if (operation.template().endsWith("/**")) {
					weir.send("GET", prefix + path + "/some/thing" + query, "");
				}
			}
		}
		assertThat(alpha.requests()).isEmpty();
		assertThat(beta.requests()).isNotEmpty();
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource("withBody")
	void aBodyThatNamesAnObjectGoesToItsOwner(StoredOperation operation) {
		String method = operation.method().equals("*") ? "POST" : operation.method();
		for (ShapeSamples.Sample sample : ShapeSamples.of(operation.request())) {
			String path = PLACE.matcher(operation.template().replace("/**", ""))
				.replaceAll((place) -> remembered(ObjectKind.valueOf(place.group(1))));
			String body = "{\"model\":\"m\"," + sample.body().substring(1).replace("ID", remembered(sample.kind()));
			HttpResponse<String> reply = weir.send(method, "/v1/" + path, body);
			assertThat(alpha.requests()).as(sample.path()).isEmpty();
			assertThat(reply.statusCode()).as(sample.path() + ": " + reply.body()).isNotIn(400, 503);
		}
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource("creating")
	void aNewObjectIsRemembered(StoredOperation operation) {
		for (int i = 0; i < 4; i++) {
			HttpResponse<String> reply = weir.post("/v1/" + operation.template(),
					"{\"model\":\"m\",\"store\":true,\"messages\":[],\"input\":\"hi\"}", "authorization",
					"Bearer " + i);
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
			String backend = reply.headers().firstValue("x-weir-backend").orElse("none");
			String property = operation.template().equals("threads/runs") ? "thread_id" : "id";
			Matcher id = Pattern.compile("\"" + property + "\":\"([^\"]+)\"").matcher(reply.body());
			assertThat(id.find()).isTrue();
			StoredObject object = new StoredObject(Objects
				.requireNonNull(Objects.requireNonNull(operation.response().property(property)).named(id.group(1)))
				.object()
				.kind(), id.group(1));
			assertThat(owners.find(List.of(object)).block().get(object)).singleElement()
				.extracting(Owner::backend)
				.isEqualTo(backend);
		}
	}

	@Test
	void theDocumentHasTheTableOfOperations() throws IOException {
		assertThat(Files.readString(DOCUMENT)).contains(table());
	}

	private static String table() {
		StringBuilder table = new StringBuilder(HEADING)
			.append("\n`StoredOperationTests` sends each of them, in every dialect, and generates this table.\n\n")
			.append("| operation | bound by | if it names no known object |\n|---|---|---|\n");
		operations().forEach((operation) -> table.append("| `")
			.append(operation.method().equals("*") ? "" : operation.method() + " ")
			.append('/')
			.append(PLACE.matcher(operation.template()).replaceAll((place) -> "{id}"))
			.append("` | ")
			.append(bound(operation))
			.append(" | ")
			.append(otherwise(operation))
			.append(" |\n"));
		table.append("\n| kind of object | if its owner is unknown |\n|---|---|\n");
		for (ObjectKind kind : ObjectKind.values()) {
			table.append("| ")
				.append(kind.noun())
				.append(" | ")
				.append(kind.canBeAskedFor() ? "`GET /" + kind.collection() + "/{id}`" : "it binds nothing")
				.append(" |\n");
		}
		return table.toString();
	}

	private static String bound(StoredOperation operation) {
		List<String> places = new ArrayList<>();
		Matcher path = PLACE.matcher(operation.template());
		while (path.find()) {
			places.add(ObjectKind.valueOf(path.group(1)).noun());
		}
		String parameter = operation.callParameter();
		if (parameter != null) {
			places.add("`" + parameter + "` in the query");
		}
		places.addAll(ShapeSamples.of(operation.request())
			.stream()
			.map(ShapeSamples.Sample::path)
			.filter((name) -> !name.endsWith("[]"))
			.map((name) -> "`" + name + "`")
			.collect(Collectors.toList()));
		return places.isEmpty() ? "–" : String.join(", ", places);
	}

	private static String otherwise(StoredOperation operation) {
		if (operation.namesObject()) {
			return "404, or any backend";
		}
		return Map
			.of(Placement.ANY, "the strategy of the pool", Placement.HOME, "the home backend of the client",
					Placement.ALL, "a list of several backends")
			.get(operation.placement());
	}

}
