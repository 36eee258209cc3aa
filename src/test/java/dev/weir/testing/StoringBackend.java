package dev.weir.testing;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import org.jspecify.annotations.Nullable;

/**
 * A backend that stores what clients create, and knows nothing of what other backends
 * store. The ids of its objects contain its name: {@code file-NAMEx1}. It records each
 * request that names an object of another backend.
 */
public final class StoringBackend implements AutoCloseable {

	static {
		// otherwise the body of each response waits 40 ms for the acknowledgement of its
		// head
		System.setProperty("sun.net.httpserver.nodelay", "true");
	}

	/** Collections of objects, with the beginning of their ids and their type. */
	private static final Map<String, String[]> COLLECTIONS = Map.ofEntries(
			Map.entry("responses", new String[] { "resp_", "response" }),
			Map.entry("conversations", new String[] { "conv_", "conversation" }),
			Map.entry("chat/completions", new String[] { "chatcmpl-", "chat.completion" }),
			Map.entry("files", new String[] { "file-", "file" }),
			Map.entry("files/import", new String[] { "file-", "file" }),
			Map.entry("uploads", new String[] { "upload_", "upload" }),
			Map.entry("vector_stores", new String[] { "vs_", "vector_store" }),
			Map.entry("batches", new String[] { "batch_", "batch" }),
			Map.entry("fine_tuning/jobs", new String[] { "ftjob-", "fine_tuning.job" }),
			Map.entry("containers", new String[] { "cntr_", "container" }),
			Map.entry("evals", new String[] { "eval_", "eval" }),
			Map.entry("videos", new String[] { "video_", "video" }),
			Map.entry("videos/edits", new String[] { "video_", "video" }),
			Map.entry("videos/extensions", new String[] { "video_", "video" }),
			Map.entry("videos/characters", new String[] { "char_", "character" }),
			Map.entry("video/generations/jobs", new String[] { "vjob_", "video.generation.job" }),
			Map.entry("assistants", new String[] { "asst_", "assistant" }),
			Map.entry("threads", new String[] { "thread_", "thread" }),
			Map.entry("threads/runs", new String[] { "run_", "thread.run" }),
			Map.entry("skills", new String[] { "skill_", "skill" }),
			Map.entry("chatkit/sessions", new String[] { "cksess_", "chatkit.session" }),
			Map.entry("chatkit/threads", new String[] { "cthr_", "chatkit.thread" }),
			Map.entry("audio/voices", new String[] { "voice_", "audio.voice" }),
			Map.entry("voices", new String[] { "voice_", "audio.voice" }),
			Map.entry("audio/voice_consents", new String[] { "cons_", "audio.voice_consent" }),
			Map.entry("realtime/calls", new String[] { "rtc_", "call" }));

	private static final Pattern ID = Pattern.compile("\\b[a-z]+[-_]([a-z]+)x\\d+");

	private final HttpServer server;

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final String name;

	private final Set<String> objects = ConcurrentHashMap.newKeySet();

	private final AtomicInteger ids = new AtomicInteger();

	private final List<Request> requests = new CopyOnWriteArrayList<>();

	private final List<String> foreign = new CopyOnWriteArrayList<>();

	private volatile @Nullable Refusal refusal;

	private volatile boolean once;

	private volatile @Nullable Signal gate;

	private StoringBackend(String name, int port) throws IOException {
		this.name = name;
		this.server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 200);
		this.server.setExecutor(this.threads);
		this.server.createContext("/", this::handle);
		this.server.start();
	}

	/**
	 * Starts a backend.
	 * @param name its name, lower-case letters without x
	 * @return the backend
	 */
	public static StoringBackend start(String name) {
		try {
			return new StoringBackend(name, 0);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	public URI url() {
		return URI.create("http://127.0.0.1:" + this.server.getAddress().getPort());
	}

	public String name() {
		return this.name;
	}

	/**
	 * The requests so far.
	 * @return the requests
	 */
	public List<Request> requests() {
		return this.requests;
	}

	/**
	 * The requests that named an object of another backend.
	 * @return method, path and id of each
	 */
	public List<String> foreign() {
		return this.foreign;
	}

	/**
	 * Stores an object without a request, as if it had been created beside Weir.
	 * @param prefix the beginning of its id
	 * @return its id
	 */
	public String store(String prefix) {
		String id = prefix + this.name + "x" + this.ids.incrementAndGet();
		this.objects.add(id);
		return id;
	}

	/**
	 * Stores an object with a certain id.
	 * @param id the id
	 */
	public void storeAs(String id) {
		this.objects.add(id);
	}

	/**
	 * Deletes an object without a request, as if that had been done beside Weir.
	 * @param id its id
	 */
	public void remove(String id) {
		this.objects.remove(id);
	}

	/**
	 * Refuses all requests from now on.
	 * @param refuse the response, or {@code null} to serve again
	 */
	public void refuse(@Nullable Refusal refuse) {
		this.once = false;
		this.refusal = refuse;
	}

	/**
	 * Refuses the next request only.
	 * @param refuse the response
	 */
	public void refuseNext(Refusal refuse) {
		this.once = true;
		this.refusal = refuse;
	}

	/**
	 * Delays the end of streams.
	 * @param end streams end when it is sent
	 */
	public void holdStreams(Signal end) {
		this.gate = end;
	}

	private void handle(HttpExchange exchange) throws IOException {
		String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
		String path = exchange.getRequestURI().getPath();
		Request request = new Request(exchange.getRequestMethod(), path, body,
				Map.copyOf(exchange.getRequestHeaders()));
		this.requests.add(request);
		String named = path + " " + body;
		Matcher ids = ID.matcher(named);
		while (ids.find()) {
			if (!ids.group(1).equals(this.name)) {
				this.foreign.add(request.method() + " " + path + " " + ids.group());
			}
		}
		Refusal refuse = this.refusal;
		if (refuse != null) {
			this.refusal = this.once ? null : refuse;
			refuse.headers().forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
			respond(exchange, refuse.status(),
					"{\"error\":{\"message\":\"refused\",\"code\":\"" + refuse.code() + "\"}}");
			return;
		}
		String operation = path.replaceFirst("^/openai/v1/|^/openai/(deployments/[^/]+/)?|^/v1/|^/", "");
		if (request.method().equals("POST") && COLLECTIONS.containsKey(operation)) {
			create(exchange, operation, body);
			return;
		}
		String unknown = unknownIn(path);
		if (unknown != null) {
			respond(exchange, 404,
					"{\"error\":{\"message\":\"No object with id '" + unknown
							+ "' on %s.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}"
								.formatted(this.name));
			return;
		}
		Matcher first = ID.matcher(path);
		String id = first.find() ? first.group() : "none";
		String type = COLLECTIONS.entrySet()
			.stream()
			.filter((entry) -> id.startsWith(entry.getValue()[0]))
			.map((entry) -> entry.getValue()[1])
			.findFirst()
			.orElse("list");
		respond(exchange, 200, object(id, type, ""));
	}

	/** An id of a path that this backend does not have. */
	private @Nullable String unknownIn(String path) {
		for (String segment : path.split("/")) {
			boolean id = ID.matcher(segment).matches() || segment.contains("made-up");
			if (id && !this.objects.contains(segment)) {
				return segment;
			}
		}
		return null;
	}

	private void create(HttpExchange exchange, String operation, String body) throws IOException {
		String[] type = COLLECTIONS.get(operation);
		String id = store(type[0]);
		if (operation.equals("realtime/calls")) {
			exchange.getResponseHeaders().set("location", "/v1/realtime/calls/" + id);
		}
		if (operation.equals("responses")) {
			respondToResponse(exchange, id, body);
			return;
		}
		if (operation.equals("chat/completions") && body.contains("\"modalities\"")) {
			respondWithAudio(exchange, id, body);
			return;
		}
		String more = switch (operation) {
			case "batches" -> ",\"output_file_id\":\"" + store("file-") + "\"";
			case "uploads" -> ",\"file\":{\"id\":\"" + store("file-") + "\"}";
			case "threads/runs" -> ",\"thread_id\":\"" + store("thread_") + "\"";
			case "fine_tuning/jobs" -> ",\"result_files\":[\"" + store("file-") + "\"]";
			case "chat/completions" ->
				",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},\"finish_reason\":\"stop\"}],\"model\":\"m\",\"created\":1";
			default -> "";
		};
		respond(exchange, 200, object(id, type[1], more));
	}

	private void respondWithAudio(HttpExchange exchange, String id, String body) throws IOException {
		String audio = "{\"role\":\"assistant\",\"content\":null,\"audio\":{\"data\":\"" + "A".repeat(100_000)
				+ "\",\"id\":\"" + store("audio_") + "\",\"transcript\":\"hi\",\"expires_at\":1}}";
		if (!body.contains("\"stream\":true")) {
			respond(exchange, 200,
					object(id, "chat.completion", ",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":" + audio
							+ ",\"finish_reason\":\"stop\"}]"));
			return;
		}
		exchange.getResponseHeaders().set("content-type", "text/event-stream");
		exchange.sendResponseHeaders(200, 0);
		for (String delta : List.of("{\"role\":\"assistant\",\"content\":\"\"}", audio, audio)) {
			chunk(exchange, id, delta, "null");
		}
		chunk(exchange, id, "{}", "\"stop\"");
		exchange.getResponseBody().write("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
		exchange.close();
	}

	private static void chunk(HttpExchange exchange, String id, String delta, String reason) throws IOException {
		exchange.getResponseBody()
			.write(("data: "
					+ object(id, "chat.completion.chunk", ",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
							+ delta + ",\"finish_reason\":" + reason + "}]")
					+ "\n\n")
				.getBytes(StandardCharsets.UTF_8));
	}

	private void respondToResponse(HttpExchange exchange, String id, String body) throws IOException {
		String item = store("msg_");
		String container = store("cntr_");
		String conversation = body.contains("\"conversation\"") ? ""
				: ",\"conversation\":{\"id\":\"" + store("conv_") + "\"}";
		String response = object(id, "response",
				",\"status\":\"completed\",\"model\":\"m\",\"metadata\":{\"id\":\"resp_otherx1\"}" + conversation
						+ ",\"output\":[{\"type\":\"message\",\"id\":\"" + item
						+ "\",\"role\":\"assistant\",\"status\":\"completed\",\"content\":[{\"type\":\"output_text\",\"text\":\"hi\",\"annotations\":[]}]},"
						+ "{\"type\":\"code_interpreter_call\",\"id\":\"" + store("ci_") + "\",\"container_id\":\""
						+ container + "\",\"status\":\"completed\",\"code\":\"1\",\"outputs\":[]}]");
		if (!body.contains("\"stream\":true")) {
			respond(exchange, 200, response);
			return;
		}
		exchange.getResponseHeaders().set("content-type", "text/event-stream");
		exchange.sendResponseHeaders(200, 0);
		event(exchange, "response.created", "\"response\":" + object(id, "response", ",\"output\":[]"));
		event(exchange, "response.output_item.added",
				"\"item\":{\"type\":\"message\",\"id\":\"" + item + "\",\"content\":[]}");
		event(exchange, "response.output_text.delta", "\"item_id\":\"" + item + "\",\"delta\":\"hi\"");
		Signal end = this.gate;
		if (end != null) {
			await(end);
		}
		event(exchange, "response.completed", "\"response\":" + response);
		exchange.close();
	}

	private static void await(Signal end) throws IOException {
		try {
			end.await();
		}
		catch (InterruptedException ex) {
			throw new InterruptedIOException();
		}
	}

	private static void event(HttpExchange exchange, String type, String data) throws IOException {
		exchange.getResponseBody()
			.write(("event: " + type + "\ndata: {\"type\":\"" + type + "\"," + data + "}\n\n")
				.getBytes(StandardCharsets.UTF_8));
		exchange.getResponseBody().flush();
	}

	private static String object(String id, String type, String more) {
		return "{\"id\":\"" + id + "\",\"object\":\"" + type + "\",\"created_at\":1" + more + "}";
	}

	private static void respond(HttpExchange exchange, int status, String body) throws IOException {
		byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
		exchange.getResponseHeaders().add("content-type", "application/json");
		exchange.sendResponseHeaders(status, bytes.length);
		exchange.getResponseBody().write(bytes);
		exchange.close();
	}

	@Override
	public void close() {
		this.server.stop(0);
		this.threads.shutdownNow();
	}

	/**
	 * A request that the backend got.
	 *
	 * @param method the method
	 * @param path the path
	 * @param body the body
	 * @param headers the headers
	 */
	public record Request(String method, String path, String body, Map<String, List<String>> headers) {

		@Override
		public String toString() {
			return this.method + " " + this.path;
		}

	}

	/**
	 * The refusal of a request.
	 *
	 * @param status the HTTP status
	 * @param headers headers of the response
	 * @param code the code of the error
	 */
	public record Refusal(int status, Map<String, String> headers, String code) {

		public Refusal(int status, Map<String, String> headers) {
			this(status, headers, "refused");
		}
	}

}
