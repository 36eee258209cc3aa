package dev.weir.testing;

import java.net.http.HttpResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;

/**
 * One running Weir with many pools, so that each test has an unused pool without starting
 * Weir. Each pool has a route ({@code /pool-7/**}) and two backends, the second in a
 * lower tier.
 */
public final class Stands implements AutoCloseable {

	private final WeirServer weir;

	private final List<RawBackend> backends = new ArrayList<>();

	private final Queue<Stand> unused;

	private Stands(int count, String settings) {
		PoolsYaml yaml = new PoolsYaml();
		List<RawBackend[]> pairs = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			RawBackend[] pair = { RawBackend.start(Scripts.UNUSED), RawBackend.start(Scripts.UNUSED) };
			this.backends.addAll(List.of(pair));
			pairs.add(pair);
			String name = "pool-" + i;
			yaml.route("{id: " + name + ", uri: 'lb://" + name + "', predicates: ['Path=/" + name
					+ "/**'], filters: [StripPrefix=1]}")
				.poolWithoutRoute(name, settings, WeirServer.backend(name + "-a", pair[0].url()),
						WeirServer.backend(name + "-b", pair[1].url(), "priority: 2"));
		}
		this.weir = WeirServer.start(yaml.toString());
		Deque<Stand> stands = new ArrayDeque<>();
		for (int i = 0; i < count; i++) {
			stands.add(new Stand(this.weir, "pool-" + i, pairs.get(i)[0], pairs.get(i)[1]));
		}
		this.unused = stands;
	}

	/**
	 * Starts Weir.
	 * @param count the number of tests that need a pool
	 * @return the pools
	 */
	public static Stands start(int count) {
		return new Stands(count, "");
	}

	/**
	 * Starts Weir with settings that are the same for all pools, and sends one request:
	 * it loads classes and may take longer than these settings allow.
	 * @param count the number of tests that need a pool
	 * @param settings settings of a pool in YAML flow style, such as {@code deadline: 1s}
	 * @return the pools
	 */
	public static Stands start(int count, String settings) {
		Stands stands = new Stands(count + 1, settings);
		stands.next(Scripts.STREAMS, Scripts.STREAMS).chat();
		return stands;
	}

	/**
	 * Takes a pool that no test has used.
	 * @param first the script of its first backend
	 * @param second the script of its second backend
	 * @return the pool
	 */
	public Stand next(RawBackend.Script first, RawBackend.Script second) {
		Stand stand = this.unused.remove();
		stand.first().script(first);
		stand.second().script(second);
		return stand;
	}

	public WeirServer weir() {
		return this.weir;
	}

	@Override
	public void close() {
		this.weir.close();
		this.backends.forEach(RawBackend::close);
	}

	/**
	 * A pool with two backends.
	 *
	 * @param weir the running Weir
	 * @param name the pool's name; its backends are called the same with {@code -a} and
	 * {@code -b}
	 * @param first the backend of the first tier
	 * @param second the backend of the second tier
	 */
	public record Stand(WeirServer weir, String name, RawBackend first, RawBackend second) {

		/**
		 * The same pool, used over a separate client connection.
		 * @return the stand
		 * @see WeirServer#onOneConnection()
		 */
		public Stand onOneConnection() {
			return new Stand(this.weir.onOneConnection(), this.name, this.first, this.second);
		}

		public HttpResponse<String> chat() {
			return post("/v1/chat/completions", Bodies.CHAT);
		}

		/**
		 * Sends a chat completion with another prompt.
		 * @param prompt the prompt, without characters that JSON escapes
		 * @return the response
		 */
		public HttpResponse<String> chat(String prompt) {
			return post("/v1/chat/completions", Bodies.CHAT.replace("hi", prompt));
		}

		public HttpResponse<String> post(String path, String body, String... headers) {
			return this.weir.post("/" + this.name + path, body, headers);
		}

		/**
		 * Opens a connection and sends a request on it.
		 * @param path the path and query
		 * @param body the JSON body
		 * @return the client, which has yet to read the reply
		 */
		public RawClient send(String path, String body) {
			return RawClient.of(this.weir).post("/" + this.name + path, body);
		}

		/**
		 * Opens a connection and asks for a stream of a chat completion.
		 * @return the client, which has yet to read the reply
		 */
		public RawClient stream() {
			return send("/v1/chat/completions", Bodies.CHAT_STREAM);
		}

		/**
		 * Opens a connection and asks for a stream of the Responses API.
		 * @return the client, which has yet to read the reply
		 */
		public RawClient streamResponse() {
			return send("/v1/responses", Bodies.RESPONSE_STREAM);
		}

		public HttpResponse<String> get(String path) {
			return this.weir.get("/" + this.name + path);
		}

		public String firstName() {
			return this.name + "-a";
		}

		public String secondName() {
			return this.name + "-b";
		}

		/**
		 * Waits until the first backend has certain figures.
		 * @param expected the figures
		 * @see LaneFigures#await
		 */
		public void awaitFirst(LaneFigures expected) {
			LaneFigures.await(this.weir, firstName(), expected);
		}

		/**
		 * Waits until the second backend has certain figures.
		 * @param expected the figures
		 * @see LaneFigures#await
		 */
		public void awaitSecond(LaneFigures expected) {
			LaneFigures.await(this.weir, secondName(), expected);
		}

		/**
		 * Asserts that the pool serves a stream when both backends do.
		 */
		public void assertStreams() {
			this.first.script(Scripts.STREAMS);
			this.second.script(Scripts.STREAMS);
			try (RawClient client = stream()) {
				client.readUntil(StreamEvents.DONE + "\r\n" + RawClient.LAST_CHUNK);
			}
		}

		/**
		 * The health of the first backend as Weir reports it.
		 * @return the JSON
		 */
		public String firstHealth() {
			return this.weir.get("/actuator/health/backends/" + firstName()).body();
		}

	}

}
