package dev.weir.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;

import dev.weir.WeirApplication;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Without clients, Weir serves this machine only, unless it is meant to be open. An
 * address such as 127.0.0.2 is reached only by a server of all interfaces.
 */
@ExtendWith(OutputCaptureExtension.class)
class OpenServerTests {

	private static final String BACKEND = "--weir.pools.openai.backends[0].url=http://127.0.0.1:9";

	private static ReactiveWebServerApplicationContext start(String... arguments) {
		List<String> all = new ArrayList<>(List.of("--server.port=0", "--weir.pools.openai.backends[0].name=a", BACKEND,
				"--weir.pools.openai.backends[0].api-key=key", "--weir.startup-check=false"));
		all.addAll(List.of(arguments));
		return (ReactiveWebServerApplicationContext) new SpringApplicationBuilder(WeirApplication.class)
			.run(all.toArray(String[]::new));
	}

	private static boolean isReachable(ReactiveWebServerApplicationContext weir, String address) {
		return isReachable(weir.getWebServer().getPort(), address);
	}

	private static boolean isReachable(int port, String address) {
		try (Socket socket = new Socket()) {
			socket.connect(new InetSocketAddress(address, port), 2000);
			return true;
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static int status(ReactiveWebServerApplicationContext weir, String path) throws IOException {
		return status(weir.getWebServer().getPort(), path);
	}

	private static int status(int port, String path) throws IOException {
		HttpURLConnection connection = (HttpURLConnection) URI.create("http://127.0.0.1:" + port + path)
			.toURL()
			.openConnection();
		connection.setConnectTimeout(2000);
		connection.setReadTimeout(10_000);
		return connection.getResponseCode();
	}

	@Test
	void withoutClientsOnlyThisMachineIsServedAndMayReadTheActuator(CapturedOutput output) throws IOException {
		try (ReactiveWebServerApplicationContext weir = start()) {
			assertThat(isReachable(weir, "127.0.0.1")).isTrue();
			assertThat(isReachable(weir, "127.0.0.2")).isFalse();
			assertThat(output).contains("Weir has no clients (weir.clients) and serves this machine only.");
			assertThat(status(weir, "/actuator/backends")).isEqualTo(200);
			assertThat(status(weir, "/v1/models")).isEqualTo(200);
		}
	}

	@Test
	void anOpenWeirServesAllAndShowsStrangersOnlyItsHealth(CapturedOutput output) throws IOException {
		try (ReactiveWebServerApplicationContext weir = start("--weir.open=true")) {
			assertThat(isReachable(weir, "127.0.0.2")).isTrue();
			assertThat(output).contains("WARN").contains("Weir is open (weir.open)", "docs/security.md");
			assertThat(status(weir, "/v1/models")).isEqualTo(200);
			assertThat(status(weir, "/actuator/backends")).isEqualTo(401);
			assertThat(status(weir, "/actuator/health/readiness")).isEqualTo(200);
		}
	}

	@Test
	void aWeirThatAcceptsTokensServesAllAndShowsStrangersOnlyItsHealth() throws IOException {
		try (ReactiveWebServerApplicationContext weir = start(
				"--weir.entra.tenant=0f1e2d3c-4b5a-4678-9abc-def012345678",
				"--weir.entra.authority=http://127.0.0.1:9")) {
			assertThat(isReachable(weir, "127.0.0.2")).isTrue();
			assertThat(status(weir, "/v1/models")).isEqualTo(401);
			assertThat(status(weir, "/actuator/backends")).isEqualTo(401);
			assertThat(status(weir, "/actuator/health/readiness")).isEqualTo(200);
		}
	}

	@Test
	void aWeirWithClientsServesAll() throws IOException {
		try (ReactiveWebServerApplicationContext weir = start("--weir.clients[0].name=chat",
				"--weir.clients[0].key=chat-key-0123456789")) {
			assertThat(isReachable(weir, "127.0.0.2")).isTrue();
			assertThat(status(weir, "/v1/models")).isEqualTo(401);
			assertThat(status(weir, "/actuator/backends")).isEqualTo(401);
		}
	}

	@Test
	void theDemoIsOpenAndReadableAndTheNoticeSaysSo(CapturedOutput output) throws IOException {
		try (ReactiveWebServerApplicationContext weir = (ReactiveWebServerApplicationContext) new SpringApplicationBuilder(
				WeirApplication.class)
			.run("--server.port=0", "--spring.profiles.active=demo", "--weir.simulator.backends[0].port=0",
					"--weir.simulator.backends[0].name=openai1")) {
			assertThat(isReachable(weir, "127.0.0.2")).isTrue();
			assertThat(status(weir, "/actuator/backends")).isEqualTo(200);
			assertThat(output).contains("This is the demo: everybody who reaches it may read its Actuator")
				.doesNotContain("liveness and readiness only");
		}
	}

	@Test
	void onlyAnOperatorLearnsFromTheMainPortThatTheActuatorIsOnAnotherPort() throws IOException {
		String operator = "operator-key-0123456789";
		try (ReactiveWebServerApplicationContext weir = start("--weir.clients[0].name=chat",
				"--weir.clients[0].key=chat-key-0123456789", "--weir.operators[0].name=ops",
				"--weir.operators[0].key=" + operator, "--management.server.port=0",
				"--management.server.address=127.0.0.1")) {
			assertThat(error(weir, "/actuator/backends", operator)).startsWith("404")
				.contains("The Actuator is not on this port but on a free port of this machine only"
						+ " (management.server.port), and needs no key there.");
			assertThat(error(weir, "/v1/models", operator)).startsWith("401").contains("that of an operator");
			assertThat(error(weir, "/actuator/backends", "unknown-key-0123456789")).startsWith("401")
				.contains("The API key is not known.")
				.doesNotContain("management");
			assertThat(error(weir, "/actuator/backends", "chat-key-0123456789")).startsWith("404")
				.doesNotContain("management");
			assertThat(status(weir, "/actuator/health/liveness")).isEqualTo(401);
		}
	}

	private static String error(ReactiveWebServerApplicationContext weir, String path, String key) throws IOException {
		HttpURLConnection connection = (HttpURLConnection) URI
			.create("http://127.0.0.1:" + weir.getWebServer().getPort() + path)
			.toURL()
			.openConnection();
		connection.setRequestProperty("api-key", key);
		int status = connection.getResponseCode();
		try (InputStream body = connection.getErrorStream()) {
			return status + " " + new String(body.readAllBytes(), StandardCharsets.UTF_8);
		}
	}

	@Test
	void aSeparateManagementPortNeedsNoKey(CapturedOutput output) throws IOException {
		try (ReactiveWebServerApplicationContext weir = start("--weir.open=true", "--management.server.port=0",
				"--management.server.address=127.0.0.1")) {
			int management = weir.getEnvironment().getRequiredProperty("local.management.port", Integer.class);
			assertThat(status(management, "/actuator/backends")).isEqualTo(200);
			assertThat(status(weir, "/actuator/backends")).isEqualTo(404);
			assertThat(output)
				.contains("The Actuator is on a free port of this machine only (management.server.port) and"
						+ " needs no key there")
				.doesNotContain("liveness and readiness only", "opens the Actuator");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "--weir.open=false", "--server.address=127.0.0.1", "--management.server.address=" })
	void withoutClientsASeparateManagementPortServesThisMachineOnly(String argument) throws IOException {
		try (ReactiveWebServerApplicationContext weir = start("--management.server.port=0", argument)) {
			int management = weir.getEnvironment().getRequiredProperty("local.management.port", Integer.class);
			assertThat(status(management, "/actuator/backends")).isEqualTo(200);
			assertThat(isReachable(management, "127.0.0.2")).isFalse();
		}
	}

	@Test
	void pathsOfTheActuatorThatTheUserChoosesAreProtected() throws IOException {
		try (ReactiveWebServerApplicationContext weir = start("--weir.open=true",
				"--management.endpoints.web.base-path=/", "--management.endpoints.web.path-mapping.health=status",
				"--management.endpoint.health.probes.add-additional-paths=true")) {
			assertThat(status(weir, "/backends")).isEqualTo(401);
			assertThat(status(weir, "/status")).isEqualTo(401);
			assertThat(status(weir, "/status/readiness")).isEqualTo(200);
			assertThat(status(weir, "/livez")).isEqualTo(200);
			assertThat(status(weir, "/v1/models")).isEqualTo(200);
		}
	}

}
