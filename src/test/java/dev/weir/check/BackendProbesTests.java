package dev.weir.check;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

import javax.net.ssl.SSLContext;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.WeirApplication;
import dev.weir.testing.ClosedPort;
import dev.weir.testing.DeafPort;
import dev.weir.testing.MockBackend;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Scripts;
import dev.weir.testing.TestAuthority;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * {@code --check --connect} and the check at the start, with real sockets.
 */
@ExtendWith(OutputCaptureExtension.class)
class BackendProbesTests {

	private static final TestAuthority AUTHORITY = TestAuthority.found("Weir's tests");

	private static final String MODELS = """
			{"object":"list","data":[{"id":"llama:latest"},{"id":"my-gpt-4o"},{"id":"other"}]}""";

	private static final RawBackend.Script LISTS = Scripts.responding("200 OK", MODELS);

	@AutoClose
	private final OpenResources open = new OpenResources();

	@TempDir
	private Path folder;

	private String printed = "";

	@Test
	void allStepsOfWorkingBackendsAreInTheTable(CapturedOutput output) {
		RawBackend server = this.open.add(RawBackend
			.startSecure(AUTHORITY.identity("localhost", Instant.now().plus(Duration.ofDays(25))), LISTS));
		RawBackend azure = this.open.backend(LISTS);
		assertThat(check("", "--check --connect",
				backend("one", server.url("localhost"), "openai", "models: {gpt-4o: llama}"),
				backend("two", azure.url(), "azure", "models: {gpt-4o: my-gpt-4o, '*': other}")))
			.as(this.printed)
			.isZero();
		assertThat(this.printed).containsPattern("""
				Connections
				  backend  step +result +cure
				  one      name        ok +127.0.0.1
				           connection  ok +open
				           TLS         ok +certificate until 20[0-9-]+
				           credential  ok +accepted
				           models      ok +1 of 1 found
				  two      name        ok +127.0.0.1
				           connection  ok +open
				           credential  ok +accepted
				           models      ok +2 of 2 found

				No backend has a fault.
				""");
		assertThat(server.requests()).singleElement()
			.asString()
			.startsWith("GET /v1/models HTTP/1.1")
			.containsIgnoringCase("authorization: Bearer canary");
		assertThat(azure.requests()).hasSize(2)
			.allSatisfy((request) -> assertThat(request).containsIgnoringCase("api-key: canary"));
		assertThat(azure.requests().get(0)).startsWith("GET /openai/v1/models ");
		assertThat(azure.requests().get(1)).startsWith("GET /openai/deployments?api-version=2023-03-15-preview ");
		assertThat(this.printed).doesNotContain("canary");
		assertThat(output.getAll()).isEmpty();
	}

	@Test
	void aCheckWithoutConnectMakesNoConnection() {
		RawBackend server = this.open.backend(LISTS);
		assertThat(check("", "--check", backend("one", server.url(), "openai"))).isZero();
		assertThat(server.connections()).isZero();
		assertThat(this.printed).doesNotContain("Connections");
	}

	@Test
	void connectWithoutCheckIsAMistake() {
		assertThat(check("", "--connect", backend("one", URI.create("http://127.0.0.1:1"), "openai"))).isOne();
		assertThat(this.printed).isEqualTo("--connect needs --check as well.\n");
	}

	@Test
	void faultsOfTheConnectionHaveTheirCures() {
		ClosedPort closed = this.open.add(ClosedPort.hold());
		DeafPort deaf = this.open.add(DeafPort.open());
		MockBackend plain = this.open.add(MockBackend.start());
		RawBackend silent = this.open.backend(LISTS);
		RawBackend other = secure(AUTHORITY.identity("other.weir.test"));
		RawBackend expired = secure(AUTHORITY.identity("localhost", Instant.now().minus(Duration.ofDays(2))));
		RawBackend unknown = secure(TestAuthority.selfSigned("localhost"));
		RawBackend soon = secure(AUTHORITY.identity("localhost", Instant.now().plus(Duration.ofDays(3))));
		assertThat(check("connect-timeout: 400ms",
				"--check --connect --spring.cloud.gateway.server.webflux.httpclient.ssl.handshake-timeout=500ms",
				backend("refused", closed.url(), "openai"), backend("deaf", deaf.url(), "openai"),
				backend("nowhere", URI.create("http://nowhere.invalid"), "openai"),
				backend("plain", https(plain.url()), "openai"),
				backend("silent", https(silent.url("localhost")), "openai"),
				backend("other", other.url("localhost"), "openai"),
				backend("expired", expired.url("localhost"), "openai"),
				backend("unknown", unknown.url("localhost"), "openai"),
				backend("soon", soon.url("localhost"), "openai")))
			.isOne();
		assertRow("refused +connection +FAULT +the connection is refused +Check host and port");
		assertRow("deaf +connection +FAULT +no connection within 400ms +Packets are dropped");
		assertRow("nowhere +name +FAULT +nowhere.invalid cannot be resolved +Check the host in url");
		assertRow("TLS +FAULT +it does not speak TLS on this port +Write http://");
		assertRow("TLS +FAULT +no TLS handshake in time +Check that the port is for https");
		assertRow("TLS +FAULT +its certificate is for another name than localhost +Write the name of the certificate");
		assertRow("TLS +FAULT +its certificate has expired +Renew");
		assertRow("TLS +FAULT +the issuer of its certificate is unknown +If you trust its issuer");
		assertRow("TLS +WARNING +its certificate expires on 20[0-9-]+ +Renew");
		assertThat(this.printed).startsWith("The configuration is valid.")
			.endsWith(
					"8 of 9 backends cannot be used: refused, deaf, nowhere, plain, silent, other, expired, unknown\n");
		assertThat(other.requests()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					401 Unauthorized | {"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key"}} | the key is missing or wrong
					401 Unauthorized | {"error":{"code":"PermissionDenied","message":"Principal does not have access to API/Operation."}} | Weir's identity has no role there
					401 Unauthorized | {"error":{"code":"PermissionDenied","message":"The principal `x` lacks the required data action"}} | Weir's identity has no role there
					403 Forbidden | {"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}} | its firewall does not allow Weir's network
					403 Forbidden | {"error":{"code":"403","message":"Public access is disabled. Please configure private endpoint."}} | its firewall does not allow Weir's network
					403 Forbidden | {"error":{"code":"403","message":"Your resource has been temporarily blocked because we detected"}} | the resource is suspended
					403 Forbidden | {"error":{"code":"AuthenticationTypeDisabled","message":"Key based authentication is disabled for this resource."}} | it accepts no API keys
					400 Bad Request | {"error":{"message":"?"}} | not known: it responds with 400
					401 Unauthorized | <html>no</html> | the key is refused
					503 Unavailable | {"error":{"message":"down sk-canary123"}} | it responds with 503 .down \\*\\*\\*.
					302 Found | {} | it responds with 302, a redirect
					""")
	void refusalsHaveDifferentReasons(String status, String body, String reason) {
		RawBackend azure = this.open.backend(Scripts.responding(status, body));
		boolean known = !status.startsWith("400");
		assertThat(check("", "--check --connect", backend("one", azure.url(), "azure"))).isEqualTo(known ? 1 : 0);
		assertRow("credential +" + (known ? "FAULT" : "unknown") + " +.*" + reason + (known ? " {2,}[A-Z]" : ""));
		assertThat(this.printed).doesNotContain("canary");
	}

	@Test
	void missingDeploymentsAreNamed() {
		RawBackend azure = this.open.backend(LISTS);
		RawBackend server = this.open.backend(LISTS);
		RawBackend silent = this.open.backend(
				(call) -> call.respond(call.request().contains("/deployments?") ? "404 Not Found" : "200 OK", MODELS));
		assertThat(check("", "--check --connect",
				backend("azure", azure.url(), "azure", "models: {gpt-4o: my-gpt-4, '*': other}"),
				backend("server", server.url(), "openai", "models: {gpt-4o: my-gpt-4}"),
				backend("silent", silent.url(), "azure", "models: {gpt-4o: my-gpt-4}")))
			.isOne();
		assertRow(
				"models +FAULT +there is no deployment my-gpt-4 +Did you mean my-gpt-4o\\? There are llama:latest, my-gpt-4o, other\\.");
		assertRow("models +WARNING +its list does not contain my-gpt-4 ");
		assertRow("models +unknown +cannot be listed: Azure does not list the deployments");
		assertThat(this.printed).endsWith("1 of 3 backends cannot be used: azure\n");
	}

	@Test
	void theStartLogsFaultsOnceAndSendsNoRequest(CapturedOutput output) {
		ClosedPort closed = this.open.add(ClosedPort.hold());
		RawBackend works = this.open.backend(LISTS);
		RawBackend unknown = secure(TestAuthority.selfSigned("localhost"));
		this.open.add(WeirServer.start(WeirServer.pool("", WeirServer.backend("one", closed.url()),
				WeirServer.backend("two", works.url()), WeirServer.backend("three", unknown.url("localhost"))),
				"--weir.startup-check=true"));
		awaitText(output, "Backend one: the connection is refused. Check host and port");
		awaitText(output, "Backend three: the issuer of its certificate is unknown. If you trust");
		assertThat(output.getAll()).doesNotContain("Backend two:");
		await(() -> works.connections() == 1, output);
		assertThat(works.requests()).isEmpty();
		assertThat(output.getAll().split("Backend one: ", -1)).hasSize(2);
	}

	private static void awaitText(CapturedOutput output, String text) {
		await(() -> output.getAll().contains(text), output);
	}

	private static void await(BooleanSupplier condition, CapturedOutput output) {
		long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
		while (!condition.getAsBoolean()) {
			assertThat(System.nanoTime()).as(output.getAll()).isLessThan(end);
			Thread.onSpinWait();
		}
	}

	private void assertRow(String pattern) {
		assertThat(this.printed).containsPattern("(?m)^ .*" + pattern);
	}

	private static URI https(URI url) {
		return URI.create(url.toString().replace("http:", "https:"));
	}

	private RawBackend secure(SSLContext identity) {
		return this.open.add(RawBackend.startSecure(identity, LISTS));
	}

	private static String backend(String name, URI url, String dialect, String... settings) {
		List<String> all = new ArrayList<>(
				List.of("name: " + name, "url: '" + url + "'", "api-key: canary", "dialect: " + dialect));
		all.addAll(List.of(settings));
		return "{" + String.join(", ", all) + "}";
	}

	private int check(String pool, String arguments, String... backends) {
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		try {
			Files.writeString(this.folder.resolve("application.yml"), WeirServer.pool(pool, backends));
			List<String> all = new ArrayList<>(Arrays.asList(arguments.split(" ")));
			all.add("--spring.config.location=file:" + this.folder + "/");
			all.addAll(List.of(AUTHORITY.trustSettings()));
			return new ConfigurationCheck(WeirApplication.class, new PrintStream(bytes, true, StandardCharsets.UTF_8))
				.run(all.toArray(String[]::new));
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
		finally {
			this.printed = bytes.toString(StandardCharsets.UTF_8);
		}
	}

}
