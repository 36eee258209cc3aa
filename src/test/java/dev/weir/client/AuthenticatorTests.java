package dev.weir.client;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

import io.netty.pkitesting.CertificateBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.test.scheduler.VirtualTimeScheduler;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.http.HttpHeaders;

import dev.weir.config.WeirProperties;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Client;
import dev.weir.request.ClientAccess;
import dev.weir.testing.TestAuthority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Certificates on connections that stay open while time passes.
 */
class AuthenticatorTests {

	private static final Instant END = Instant.parse("2027-01-31T12:00:00Z");

	private final X509Certificate certificate = TestAuthority.found("Clients")
		.issue(new CertificateBuilder().subject("CN=a")
			.addSanDnsName("chat.example")
			.notBefore(END.minus(Duration.ofDays(1)))
			.notAfter(END))
		.getCertificate();

	private Instant now = END.minusSeconds(1);

	private Authenticator authenticator(boolean verified) {
		WeirProperties settings = new Binder(new MapConfigurationPropertySource(
				Map.of("weir.clients[0].name", "chat", "weir.clients[0].certificates", "chat.example")))
			.bind("weir", WeirProperties.class)
			.get();
		return new Authenticator(settings, (key) -> "chat",
				new EntraKeySets(null, VirtualTimeScheduler.create(), () -> 0), () -> this.now, () -> 0, verified);
	}

	@Test
	void aCertificateThatExpiresOnAnOpenConnectionIsRefused() {
		Authenticator authenticator = authenticator(true);
		assertThat(authenticator.identify(HttpHeaders.EMPTY, this.certificate)).extracting(Client::name)
			.isEqualTo("chat");
		this.now = END.plusSeconds(1);
		assertThatExceptionOfType(ApiErrorException.class)
			.isThrownBy(() -> authenticator.identify(HttpHeaders.EMPTY, this.certificate))
			.satisfies((ex) -> {
				assertThat(ex.error().status()).isEqualTo(401);
				assertThat(ex.error().message()).contains("'chat'", "Open a new connection");
			});
	}

	@ParameterizedTest
	@CsvSource({ "GET,/v1/realtime,true", "POST,/v1/realtime/calls,true", "POST,/v1/realtime/client_secrets,false",
			"POST,/v1/chat/completions,false", "GET,/v1/files,false", "DELETE,/v1/files/file-1,false",
			"GET,/v1/responses,false", "GET,/v1/models,false" })
	void anEphemeralKeyOpensSessionsOnly(String method, String path, boolean allowed) {
		HttpHeaders headers = new HttpHeaders();
		headers.setBearerAuth("ek_of-a-browser");
		Client client = authenticator(true).identify(headers, null);
		ApiPath parsed = ApiPath.parse(method, path, null);
		ApiPath handshake = method.equals("GET") ? parsed.toHandshake() : null;
		ApiCall call = new ApiCall((handshake != null) ? handshake : parsed, "", null, true);
		if (allowed) {
			ClientAccess.check(client, "openai", call, false);
		}
		else {
			assertThatExceptionOfType(ApiErrorException.class)
				.isThrownBy(() -> ClientAccess.check(client, "openai", call, false))
				.satisfies((ex) -> assertThat(ex.error().status()).isEqualTo(401));
		}
	}

	@Test
	void aCertificateThatTheListenerDoesNotVerifyProvesNothing() {
		assertThatExceptionOfType(ApiErrorException.class)
			.isThrownBy(() -> authenticator(false).identify(HttpHeaders.EMPTY, this.certificate))
			.satisfies((ex) -> assertThat(ex.error().status()).isEqualTo(401));
	}

}
