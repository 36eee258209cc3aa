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
		StringBuilder routes = new StringBuilder();
		StringBuilder pools = new StringBuilder();
		List<RawBackend[]> pairs = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			RawBackend[] pair = { RawBackend.start(Stands::unexpected), RawBackend.start(Stands::unexpected) };
			this.backends.addAll(List.of(pair));
			pairs.add(pair);
			String name = "pool-" + i;
			routes.append("          - {id: ")
				.append(name)
				.append(", uri: 'lb://")
				.append(name)
				.append("', predicates: ['Path=/")
				.append(name)
				.append("/**'], filters: [StripPrefix=1]}\n");
			pools.append("    ")
				.append(name)
				.append(": {")
				.append(settings.isEmpty() ? "" : settings + ", ")
				.append("backends: [")
				.append(WeirServer.backend(name + "-a", pair[0].url()))
				.append(", ")
				.append(WeirServer.backend(name + "-b", pair[1].url(), "priority: 2"))
				.append("]}\n");
		}
		this.weir = WeirServer
			.start("spring:\n  cloud:\n    gateway:\n      server:\n        webflux:\n          routes:\n"
					+ routes.toString().replace("          - ", "            - ") + "weir:\n  pools:\n" + pools);
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
		return start(count, "");
	}

	/**
	 * Starts Weir with settings that are the same for all pools.
	 * @param count the number of tests that need a pool
	 * @param settings settings of a pool in YAML flow style, such as {@code deadline: 1s}
	 * @return the pools
	 */
	public static Stands start(int count, String settings) {
		return new Stands(count, settings);
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

	private static void unexpected(RawBackend.Call call) throws java.io.IOException {
		call.respond("418 Unexpected", "{}");
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

		public HttpResponse<String> post(String path, String body, String... headers) {
			return this.weir.post("/" + this.name + path, body, headers);
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
		 * The health of the first backend as Weir reports it.
		 * @return the JSON
		 */
		public String firstHealth() {
			return this.weir.get("/actuator/health/backends/" + firstName()).body();
		}

	}

}
