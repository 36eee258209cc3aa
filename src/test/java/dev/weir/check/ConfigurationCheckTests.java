package dev.weir.check;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.WeirApplication;
import dev.weir.testing.TestAuthority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@ExtendWith(OutputCaptureExtension.class)
class ConfigurationCheckTests {

	private static final String VALID = """
			spring.cloud.gateway.server.webflux:
			  default-filters: ['AddResponseHeader=x-a, canary-1']
			  routes:
			    - id: chat
			      uri: lb://openai
			      predicates: ['Path=/v1/**, /openai/**', 'Header=x-team, canary-2']
			      filters: ['AddRequestHeader=x-secret, canary-3']
			resilience4j.circuitbreaker.instances.local: {base-config: default, failure-rate-threshold: 30}
			weir:
			  max-body: 1MB
			  pools:
			    openai:
			      strategy: least-busy
			      forward-headers: [x-two, x-one]
			      deadline: 90s
			      backends:
			        - name: openai1
			          url: https://my-east.openai.azure.com
			          api-key: canary-4
			          models: {gpt-4o: my-gpt-4o, '*': everything-else}
			        - name: openai2
			          url: https://my-west.openai.azure.com
			          priority: 2
			          api-version: 2024-10-21
			        - name: openai3
			          url: https://gov.openai.azure.us
			          priority: 2
			          max-concurrent: 7
			        - name: local
			          url: http://vllm:8000/v1
			          priority: 2
			          weight: 3
			          api-key: ${NO_SUCH_KEY:}
			    unused:
			      backends: [{name: other, url: 'https://other.example', api-key: canary-5, api-key-header: x-key}]
			""";

	private static final String SUMMARY = """
			Routes
			  chat: Path=/v1/**, /openai/** and Header=x-team, … leads to lb://openai with AddRequestHeader
			  all with AddResponseHeader

			Settings
			  max-body 1MB, max-in-flight 10000, header-timeout 30s, body-timeout 30s,
			  client-idle-timeout 1m, websocket-idle-timeout 1h, \
			""";

	private static final String POOL = """
			Pool openai
			  strategy least-busy, max-wait 1s, max-waiting 1000, deadline 90s, connect-timeout 2s,
			""";

	private static final String BACKENDS = """

			  backend  priority  weight  max-concurrent  for  dialect           key                                                    url
			  openai1  1         1       100000          all  azure             set                                                    https://my-east.openai.azure.com
			  openai2  2         1       100000          all  azure 2024-10-21  Entra ID                                               https://my-west.openai.azure.com
			  openai3  2         1       7               all  azure             Entra ID, https://cognitiveservices.azure.us/.default  https://gov.openai.azure.us
			  local    2         3       100000          all  openai            missing                                                http://vllm:8000/v1

			  models
			    openai1: gpt-4o as my-gpt-4o, every other model as everything-else
			    openai2, openai3, local: every model under its own name
			  circuit breaker
			    openai1, openai2, openai3: opens for 10s at 50 % failures of the last 20 calls (at least 5 calls)
			    local: opens for 10s at 30 % failures of the last 20 calls (at least 5 calls)
			""";

	@TempDir
	private Path folder;

	private String printed = "";

	@Test
	void printsPrioritiesOfClientsAndBackendsThatAreKeptForThem() {
		assertThat(check("""
				weir:
				  pools:
				    openai:
				      backends:
				        - {name: a, url: 'https://a.example', for: [normal, high]}
				        - {name: b, url: 'https://b.example'}
				  clients:
				    - {name: production, key: key-of-16-letters, priority: high}
				    - {name: batch, key: another-key-of-20-letters, priority: low}
				""")).isZero();
		assertThat(this.printed)
			.containsPattern(
					"(?m)^  name        keys  certificates  Entra callers  models  pools  priority  expires  limits$")
			.containsPattern("(?m)^  production  1     0 +0 +all     all    high      never    none$")
			.containsPattern("(?m)^  a +1 +1 +100000 +high normal  openai ")
			.containsPattern("(?m)^  b +1 +1 +100000 +all          openai ");
	}

	@Test
	void printsLimitsOfClientsAndTheSeparatePortOfTheActuator() {
		assertThat(check("""
				management.server: {port: 9090}
				weir:
				  pools.openai.backends[0]: {name: a, url: 'https://a.example'}
				  clients:
				    - name: chat
				      key: key-of-16-letters
				      requests-per-minute: 60
				      max-concurrent: 5
				      limits: [{model: 'o3*', tokens-per-minute: 10}]
				""")).as(this.printed).isZero();
		assertThat(this.printed).contains("60 requests/min, 5 at once, o3* 10 tokens/min")
			.contains("none: the Actuator is on port 9090 of all addresses and needs no key there")
			.contains("management.server.port (application.yml:1): opens the Actuator without a key on port 9090 of"
					+ " all addresses. Set management.server.address: 127.0.0.1")
			.doesNotContain("liveness");
	}

	@Test
	void printsAValidConfigurationWithDefaultsAndWithoutSecrets(CapturedOutput output) {
		assertThat(check(VALID)).as(this.printed).isZero();
		assertThat(this.printed).startsWith("The configuration is valid.\n\nConfiguration read from ")
			.contains("application.yml; searched ")
			.contains(SUMMARY, POOL, "\nPool unused\n", BACKENDS)
			.contains("retry-budget.percent 20", "forward-headers [x-one, x-two]")
			.contains("max-buffered a quarter of the heap\n")
			.contains("set, in x-key")
			.endsWith(
					"""

							Warnings
							  weir.pools.unused: is a pool without a route. Add a route with uri: lb://unused, or remove the pool.
							""")
			.doesNotContain("canary");
		assertThat(output.getAll()).as("the log").isEmpty();
		String first = this.printed;
		check(VALID);
		assertThat(this.printed).isEqualTo(first);
	}

	@Test
	void makesNoConnectionAndOpensNoPort() throws Exception {
		try (ServerSocket used = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
			assertThat(check("", "--spring.profiles.active=demo", "--server.address=127.0.0.1",
					"--server.port=" + used.getLocalPort(), "--weir.simulator.backends[0].name=openai1",
					"--weir.simulator.backends[0].port=" + used.getLocalPort()))
				.as(this.printed)
				.isZero();
		}
		assertThat(this.printed).contains("openai3", "http://127.0.0.1:18083", "all backends: gpt-4o as gpt-4o");
	}

	@Test
	void readsVariablesAndProfilesAsAStartDoes() throws IOException {
		Files.writeString(this.folder.resolve("application-west.yml"), "weir.max-body: 7MB");
		assertThat(check("", "--BACKEND_1_URL=https://one.openai.azure.com", "--BACKEND_1_MODELS=gpt-4o=chat",
				"--spring.profiles.active=west"))
			.as(this.printed)
			.isZero();
		assertThat(this.printed).contains("max-body 7MB", "BACKEND_1: gpt-4o as chat", "Entra ID",
				"application-west.yml");
	}

	@Test
	void theProcessEndsWithTheExitCodeAndPrintsNothingElse() throws Exception {
		Files.writeString(this.folder.resolve("application.yml"), "weir.max-body: lots");
		Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
				"-XX:TieredStopAtLevel=1", "-cp", classPath(), WeirApplication.class.getName(), "--check")
			.directory(this.folder.toFile())
			.redirectErrorStream(true)
			.start();
		String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
		assertThat(process.exitValue()).isOne();
		assertThat(text).startsWith("The configuration is not valid.\n\nWeir's configuration has one mistake:\n\n"
				+ "weir.max-body = lots (application.yml:1): must be a size from 1KB to 1GB\n");
		assertThat(text).doesNotContain("APPLICATION FAILED", "ERROR", "\tat ");
	}

	/**
	 * The command lines of starts that fail, each for another reason.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "", // there is no backend
			"--BACKEND_1_URL=ftp://one.example", "--BACKEND_1_KEY=canary",
			"--BACKEND_1_URL=https://u:canary@one.example",
			"{one} --weir.max-body=lots --weir.max-bdy=1MB --weir.pools.openai.deadline=60",
			"{one} --weir.pools.openai.backends[0].name=a", "{one} --spring.config.location=file:/nowhere/none.yml",
			"{one} {route}uri=lb://opnai {route}predicates[0]=Path=/v1/**",
			"{one} {route}uri=lb://openai {route}predicates[0]=Paths=/v1/**",
			"{one} {route}uri=lb://openai {route}predicates[0]=After=canary",
			"{one} {route}uri=lb://openai {route}predicates[0]=Path=/** {route}filters[0]=StripPrefix=canary",
			"{one} {route}uri=lb://openai {route}predicates[0]=Path=/** {route}filters[0]=RequestRateLimiter",
			"{one} --spring.cloud.gateway.server.webflux.httpclient.ssl.ssl-bundle=misspelt",
			"{one} --spring.cloud.gateway.server.webflux.httpclient.ssl.use-insecure-trust-manager=true",
			"{one} --spring.cloud.gateway.server.webflux.httpclient.pool.max-connections=some",
			"{one} --resilience4j.circuitbreaker.configs.default.sliding-window-size=0",
			"{one} --resilience4j.circuitbreaker.instances.BACKEND_1.base-config=none", "{one} --server.port=many",
			"{one} --server.shutdown=slow", "{one} --server.ssl.bundle=misspelt", "{one} --server.port=99999",
			"{one} --management.server.port=-2",
			"{one} --spring.ssl.bundle.pem.web.keystore.certificate=/nowhere/tls.crt",
			"{one} --server.ssl.certificate=file:/nowhere/c.pem --server.ssl.certificate-private-key=file:/nowhere/k.pem",
			"{one} --logging.level.x=loud", "{one} --spring.lifecycle.timeout-per-shutdown-phase=soon",
			"{one} --weir.drain-delay=2m", "{one} --management.endpoint.health.show-details=perhaps",
			"{one} --management.endpoint.health.status.http-mapping.down=x",
			"--spring.profiles.active=demo --weir.simulator.backends[0].port=x" })
	void rejectsTheSameAsAStartWithTheSameMessage(String arguments, CapturedOutput output) {
		String[] all = arguments.isEmpty() ? new String[0]
				: arguments.replace("{one}", "--BACKEND_1_URL=https://one.example --BACKEND_1_APIKEY=canary")
					.replace("{route}", "--spring.cloud.gateway.server.webflux.routes[0].")
					.split(" ");
		assertThat(check("", all)).as(this.printed).isOne();
		assertThat(this.printed).startsWith("The configuration is not valid.\n\n").doesNotContain("APPLICATION FAILED");
		assertThat(output.getAll()).as("the log").isEmpty();
		assertThatThrownBy(() -> start(all)).isNotNull();
		List<String> lines = this.printed.lines().skip(2).filter((line) -> !line.isBlank()).toList();
		assertThat(lines).isNotEmpty().allSatisfy((line) -> assertThat(output.getAll()).contains(line.strip()));
		if (!arguments.contains("StripPrefix")) {
			assertThat(this.printed).doesNotContain("u:canary");
		}
	}

	@Test
	void rejectsAServerWithTlsButWithoutAPrivateKey() {
		assertThat(check("", "--BACKEND_1_URL=https://one.example",
				"--server.ssl.trust-certificate=" + TestAuthority.found("check").certificate()))
			.isOne();
		assertThat(this.printed).contains("server.ssl (commandLineArgs): has no certificate with a private key");
	}

	@ParameterizedTest
	@ValueSource(strings = { "\tweir: x", "weir: {a: b", "weir:\n  pools: {}\n  pools: {}", "a: *b" })
	void rejectsAFileThatIsNotYaml(String file, CapturedOutput output) throws IOException {
		assertThat(check(file)).as(this.printed).isOne();
		assertThat(this.printed).contains("application.yml (line ").endsWith("Correct the file and start again.\n");
		assertThat(output.getAll()).isEmpty();
		assertThatThrownBy(() -> start()).isNotNull();
	}

	private int check(String file, String... arguments) {
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		try {
			Files.writeString(this.folder.resolve("application.yml"), file);
			return new ConfigurationCheck(WeirApplication.class, new PrintStream(bytes, true, StandardCharsets.UTF_8))
				.run(commandLine("--check", arguments));
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
		finally {
			this.printed = bytes.toString(StandardCharsets.UTF_8);
		}
	}

	private void start(String... arguments) {
		new SpringApplication(WeirApplication.class).run(commandLine("--server.address=127.0.0.1", arguments)).close();
	}

	private static String classPath() {
		return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
			.map((entry) -> Path.of(entry).toAbsolutePath().toString())
			.collect(Collectors.joining(File.pathSeparator));
	}

	private String[] commandLine(String first, String... arguments) {
		List<String> all = new ArrayList<>(List.of(first));
		if (List.of(arguments).stream().noneMatch((argument) -> argument.contains("config.location"))) {
			all.add("--spring.config.location=optional:file:" + this.folder + "/");
		}
		all.addAll(List.of(arguments));
		return all.toArray(String[]::new);
	}

}
