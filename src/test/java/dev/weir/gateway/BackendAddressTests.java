package dev.weir.gateway;

import java.net.URI;
import java.net.http.HttpResponse;

import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.NameServer;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Backends with an unusual URL or key header.
 */
class BackendAddressTests {

	@Test
	void aHostWithAnUnderscoreGetsTheRequestAndTheHostHeader() {
		try (NameServer names = NameServer.start(); RawBackend backend = RawBackend.start(SERVES)) {
			names.setAddress("vllm_server.weir.test", "127.0.0.1", 60);
			URI url = URI.create("http://vllm_server.weir.test:" + backend.url().getPort() + "/inference/");
			try (WeirServer weir = WeirServer.start(
					(context) -> context.registerBean(DnsServerAddressStreamProvider.class,
							() -> new SingletonDnsServerAddressStreamProvider(names.address())),
					WeirServer.pool("", "{name: a, url: '" + url + "', dialect: openai}"))) {
				HttpResponse<String> response = weir.chat();
				assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
				assertThat(backend.requests()).singleElement()
					.asString()
					.startsWith("POST /inference/chat/completions HTTP/1.1\r\n")
					.containsIgnoringCase("\r\nhost: " + url.getRawAuthority() + "\r\n");
				assertThat(weir.get("/actuator/backends").body()).contains(url.toString());
			}
		}
	}

	@Test
	void aKeyIsSentInTheConfiguredHeaderOnly() {
		try (RawBackend backend = RawBackend.start(SERVES);
				WeirServer weir = WeirServer.start(WeirServer.pool("",
						WeirServer.backend("a", backend.url(), "api-key-header: Ocp-Apim-Subscription-Key")))) {
			assertThat(weir
				.post("/v1/chat/completions", Bodies.CHAT, "ocp-apim-subscription-key", "stolen", "authorization",
						"Bearer stolen")
				.statusCode()).isEqualTo(200);
			assertThat(backend.requests()).singleElement()
				.asString()
				.containsIgnoringCase("\r\nocp-apim-subscription-key: key-of-a\r\n")
				.doesNotContainIgnoringCase("\r\napi-key:")
				.doesNotContain("stolen");
		}
	}

}
