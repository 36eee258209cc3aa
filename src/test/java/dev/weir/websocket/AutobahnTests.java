package dev.weir.websocket;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.testing.EchoServer;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Autobahn's test suite as a client of an echo server, direct and through Weir. It runs
 * in Jython, in a separate process. The profile {@code soak} copies both to
 * {@code target/autobahn}; reports of each case are in {@code reports} there.
 */
@Tag("soak")
@EnabledIf("isCopied")
class AutobahnTests {

	private static final Path FOLDER = Path.of("target/autobahn");

	/**
	 * All cases but 9 (performance) and 12 and 13 (compression, which Weir does not
	 * negotiate). 7.9.6 to 7.9.8 require that the close codes 1012 to 1014 are refused,
	 * which IANA has registered since.
	 */
	private static final String CASES = """
			"cases": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"],
			"exclude-cases": ["7.9.6", "7.9.7", "7.9.8"]""";

	/** In seconds, for a busy machine. */
	private static final String TIMEOUTS = """
			"options": {"openHandshakeTimeout": 20, "closeHandshakeTimeout": 5, "serverConnectionDropTimeout": 5}""";

	private static final Set<String> PASSED = Set.of("OK", "NON-STRICT", "INFORMATIONAL");

	static boolean isCopied() {
		return Files.isRegularFile(FOLDER.resolve("jython-standalone.jar"));
	}

	@Test
	void autobahnsCasesPassThroughWeirAsTheyPassDirectly() throws Exception {
		try (EchoServer echo = EchoServer.start();
				WeirServer weir = WeirServer
					.withBackends(WeirServer.backend("a", URI.create("http://127.0.0.1:" + echo.port())))) {
			JsonNode results = run(echo.port(), weir.port());
			Map<String, String> direct = summarize(results, "direct");
			Map<String, String> through = summarize(results, "weir");
			assertThat(direct).hasSizeGreaterThan(240).allSatisfy((id, result) -> assertThat(result).isIn(PASSED));
			assertThat(through.keySet()).isEqualTo(direct.keySet());
			assertThat(through).allSatisfy((id, result) -> assertThat(result).isIn(PASSED));
		}
	}

	private static JsonNode run(int direct, int weir) throws IOException, InterruptedException {
		Files.writeString(FOLDER.resolve("cases.json"), """
				{"outdir": "reports", %s, %s, "servers": [
				  {"agent": "direct", "url": "ws://127.0.0.1:%d%s?model=m"},
				  {"agent": "weir", "url": "ws://127.0.0.1:%d/v1/realtime?model=m"}]}
				""".formatted(CASES, TIMEOUTS, direct, EchoServer.PATH, weir));
		Path index = FOLDER.resolve("reports/index.json");
		Files.deleteIfExists(index);
		File log = FOLDER.resolve("log.txt").toFile();
		Process suite = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
				"*", "org.python.util.jython", "-c", "from autobahntestsuite import wstest; wstest.run()", "-m",
				"fuzzingclient", "-s", "cases.json")
			.directory(FOLDER.toFile())
			.redirectErrorStream(true)
			.redirectOutput(log)
			.start();
		try {
			assertThat(suite.waitFor(10, TimeUnit.MINUTES)).as("the suite has ended, see %s", log).isTrue();
		}
		finally {
			suite.destroyForcibly();
		}
		assertThat(index).as("the results, see %s", log).exists();
		return JsonMapper.shared().readTree(Files.readString(index));
	}

	/**
	 * The behaviour in each case: of its frames, and of its end if that is not as good.
	 */
	private static Map<String, String> summarize(JsonNode results, String agent) {
		Map<String, String> behaviors = new TreeMap<>();
		results.path(agent).propertyStream().forEach((result) -> {
			String behavior = result.getValue().path("behavior").asString();
			String close = result.getValue().path("behaviorClose").asString();
			behaviors.put(result.getKey(), PASSED.contains(close) ? behavior : behavior + ", close " + close);
		});
		System.out.println("Autobahn, " + agent + ": "
				+ behaviors.values()
					.stream()
					.collect(Collectors.groupingBy(Function.identity(), Collectors.counting())));
		return behaviors;
	}

}
