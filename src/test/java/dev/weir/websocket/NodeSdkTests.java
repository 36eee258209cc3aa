package dev.weir.websocket;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import com.jayway.jsonpath.JsonPath;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * OpenAI's SDK for Node.js with WebSockets through Weir; the one for Java has none. Needs
 * {@code npm ci} in {@code .ci/sdk}, which {@code .ci/run} does.
 */
@EnabledIf("isInstalled")
class NodeSdkTests {

	private static final Path FOLDER = Path.of(".ci/sdk");

	@AutoClose
	private final OpenResources resources = new OpenResources();

	static boolean isInstalled() {
		return Files.isDirectory(FOLDER.resolve("node_modules/openai"));
	}

	@Test
	void theSdkForNodeConnectsThroughWeir() throws Exception {
		RawBackend first = this.resources.backend((call) -> {
			if (call.request().contains("/realtime")) {
				call.respond("429 Too Many Requests", "{\"error\":{\"code\":\"429\"}}", "retry-after: 30");
			}
			else {
				serve(call);
			}
		});
		RawBackend second = this.resources.backend(NodeSdkTests::serve);
		// the SDK connects with wss only
		X509Bundle identity = new CertificateBuilder().subject("CN=localhost")
			.setIsCertificateAuthority(true)
			.addSanIpAddress("127.0.0.1")
			.buildSelfSigned();
		WeirServer weir = this.resources.add(WeirServer.start(WeirServer.pool("",
				WeirServer.backend("a", first.url(), "models: {gpt-realtime: deployment-a, m1: deployment-of-m1}"),
				WeirServer.backend("b", second.url(), "priority: 2",
						"models: {gpt-realtime: deployment-b, m2: deployment-of-m2}")),
				"--server.ssl.certificate=file:" + identity.toTempCertChainPem(),
				"--server.ssl.certificate-private-key=file:" + identity.toTempPrivateKeyPem()));
		Process node = new ProcessBuilder("node", "sockets.mjs", String.valueOf(weir.port())).directory(FOLDER.toFile())
			.redirectErrorStream(true)
			.start();
		String output = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		assertThat(node.waitFor(30, TimeUnit.SECONDS)).isTrue();
		assertThat(output).contains("all passed");
		assertThat(node.exitValue()).isZero();
		assertThat(second.requests()).allSatisfy((request) -> assertThat(request).doesNotContain("of-the-client"));
	}

	private static void serve(RawBackend.Call call) throws java.io.IOException {
		boolean realtime = call.request().contains("/realtime");
		RawWebSocket socket = RawWebSocket.accept(call,
				call.request().toLowerCase().contains("sec-websocket-protocol: realtime")
						? "sec-websocket-protocol: realtime" : "x-unused: 1");
		if (realtime) {
			String model = call.request().replaceAll("(?s)^GET \\S*(?:model|deployment)=([\\w-]+).*", "$1");
			socket.text("{\"type\":\"session.created\",\"event_id\":\"e1\",\"session\":{\"model\":\"" + model + "\"}}");
		}
		for (RawWebSocket.Frame frame = socket.next(); frame.opcode() >= 0; frame = socket.next()) {
			if (frame.opcode() == RawWebSocket.CLOSE) {
				socket.close(frame.code(), "");
				return;
			}
			if (realtime) {
				socket.text("{\"type\":\"response.done\",\"event_id\":\"e2\",\"response\":{\"id\":\"r\",\"usage\":"
						+ "{\"input_tokens\":5,\"output_tokens\":7}}}");
			}
			else {
				String model = JsonPath.read(frame.text(), "$.model");
				socket.text("{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\"}}")
					.text("{\"type\":\"response.completed\",\"sequence_number\":1,\"response\":{\"id\":\"resp_1\",\"model\":\""
							+ model + "\"}}");
			}
		}
	}

}
