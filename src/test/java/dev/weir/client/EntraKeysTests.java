package dev.weir.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import com.nimbusds.jose.jwk.JWKSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.scheduler.VirtualTimeScheduler;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.config.ClientProperties;
import dev.weir.config.EntraProperties;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Client;
import dev.weir.testing.Bodies;
import dev.weir.testing.OpenResources;
import dev.weir.testing.Scripts;
import dev.weir.testing.Signal;
import dev.weir.testing.TokenIssuer;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * The keys of Microsoft Entra ID: rotation, and a server of keys that is down or slow.
 */
@ExtendWith(OutputCaptureExtension.class)
class EntraKeysTests {

	private final OpenResources resources = new OpenResources();

	private final TokenIssuer issuer = this.resources.add(TokenIssuer.start());

	private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

	private final Source source = new Source();

	private final EntraKeys keys = new EntraKeys(this.source, this.time, () -> this.time.now(TimeUnit.NANOSECONDS));

	@AfterEach
	void close() {
		this.resources.close();
	}

	/** Reads what the test has prepared. */
	private final class Source implements EntraKeys.KeySetSource {

		private Mono<byte[]> next = Mono.never();

		private int reads;

		@Override
		public Mono<byte[]> read() {
			this.reads++;
			return this.next;
		}

		@Override
		public JWKSet parse(byte[] body) {
			return source("").parse(body);
		}

		@Override
		public String url() {
			return "https://keys.example";
		}

	}

	private EntraKeySource source(String authority) {
		return EntraKeySource.of(settings(authority.isEmpty() ? this.issuer.authority().toString() : authority),
				HttpClient.newHttpClient());
	}

	private static EntraProperties settings(String authority) {
		return new EntraProperties(TokenIssuer.TENANT, List.of(), URI.create(authority), null);
	}

	private void serve() {
		this.source.next = Mono.fromSupplier(() -> this.issuer.keys().getBytes(StandardCharsets.UTF_8));
	}

	private void advance(Duration duration) {
		this.time.advanceTimeBy(duration);
	}

	@Test
	void keysAreReadRegularly() {
		serve();
		assertThat(this.keys.read()).isCompleted();
		assertThat(this.keys.contains(this.issuer.key().getKeyID())).isTrue();
		advance(EntraKeys.REFRESH.minusMillis(1));
		assertThat(this.source.reads).isEqualTo(1);
		this.issuer.rotate();
		advance(Duration.ofMillis(1));
		assertThat(this.source.reads).isEqualTo(2);
		assertThat(this.keys.contains(this.issuer.key().getKeyID())).isTrue();
	}

	@Test
	void anUnknownKeyCausesOneReadAtATimeAndNotMoreThanOneInAPause() {
		serve();
		this.keys.read();
		for (int i = 0; i < 100; i++) {
			this.keys.refreshForUnknownKey();
		}
		assertThat(this.source.reads).isEqualTo(1);
		advance(EntraKeys.PAUSE);
		Sinks.One<byte[]> slow = Sinks.one();
		this.source.next = slow.asMono();
		for (int i = 0; i < 100; i++) {
			this.keys.refreshForUnknownKey();
		}
		assertThat(this.source.reads).isEqualTo(2);
		this.issuer.rotate();
		slow.tryEmitValue(this.issuer.keys().getBytes(StandardCharsets.UTF_8)).orThrow();
		advance(Duration.ZERO);
		assertThat(this.keys.contains(this.issuer.key().getKeyID())).isTrue();
	}

	@Test
	void c26TheLastKeysAreKeptWhileTheyCannotBeRead(CapturedOutput output) {
		serve();
		this.keys.read();
		this.source.next = Mono.error(new IllegalStateException("status 503"));
		advance(EntraKeys.REFRESH);
		assertThat(this.source.reads).isEqualTo(2);
		this.source.next = Mono.never();
		advance(EntraKeys.PAUSE.plus(EntraKeys.TIMEOUT));
		this.source.next = Mono.just("{}".getBytes(StandardCharsets.UTF_8));
		advance(EntraKeys.PAUSE);
		assertThat(this.source.reads).isEqualTo(4);
		assertThat(this.keys.contains(this.issuer.key().getKeyID())).isTrue();
		serve();
		advance(EntraKeys.PAUSE);
		assertThat(output.toString().lines().filter((line) -> line.contains("keys of Microsoft Entra ID")))
			.satisfiesExactly(
					(line) -> assertThat(line).contains("Read 1 keys"), (line) -> assertThat(line).contains("WARN",
							"https://keys.example: status 503", "read before remain in use"),
					(line) -> assertThat(line).contains("Read 1 keys"));
	}

	@Test
	void aReadThatHangsEndsAfterItsTimeoutAndIsRepeatedAfterAPause() {
		assertThat(this.keys.read()).isNotCompleted();
		advance(EntraKeys.TIMEOUT);
		assertThat(this.keys.read().isDone()).isFalse();
		assertThat(this.source.reads).isEqualTo(2);
		serve();
		advance(EntraKeys.TIMEOUT.plus(EntraKeys.PAUSE));
		assertThat(this.keys.isEmpty()).isFalse();
	}

	@Test
	void nothingIsReadAfterTheEnd() {
		serve();
		this.keys.read();
		this.keys.close();
		advance(EntraKeys.REFRESH.multipliedBy(3));
		assertThat(this.source.reads).isEqualTo(1);
	}

	@Test
	void onlyRsaKeysOfTheTenantThatSignAreUsed() {
		String rsa = this.issuer.key().toPublicJWK().toJSONString();
		String other = TokenIssuer.newKey().toPublicJWK().toJSONString();
		String own = other.replace("{", "{\"issuer\":\"https://login.example/{tenantid}/v2.0\",");
		String personal = rsa.replace("{",
				"{\"issuer\":\"https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0\",");
		String encrypting = rsa.replace("\"use\":\"sig\"", "\"use\":\"enc\"");
		String nameless = rsa.replaceFirst("\"kid\":\"[^\"]+\",?", "");
		String secret = "{\"kty\":\"oct\",\"kid\":\"secret\",\"k\":\"AAAA\"}";
		String unknown = "{\"kty\":\"XYZ\",\"kid\":\"unknown\"}";
		String all = String.join(",", own, personal, encrypting, nameless, secret, unknown);
		JWKSet read = source("").parse(("{\"keys\":[" + all + "]}").getBytes(StandardCharsets.UTF_8));
		assertThat(read.getKeys()).singleElement().satisfies((key) -> assertThat(other).contains(key.getKeyID()));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "[]", "{}", "{\"keys\":[]}", "{\"keys\":{}}", "{\"keys\":[1]}", "<html>",
			"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"use\":\"sig\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}" })
	void aDocumentWithoutKeysIsAnError(String document) {
		assertThatIllegalStateException().isThrownBy(() -> source("").parse(document.getBytes(StandardCharsets.UTF_8)));
	}

	@Test
	void aDocumentThatIsTooLongIsNotRead() {
		this.issuer.document(" ".repeat(EntraKeySource.MAX_BYTES + 1));
		assertThatExceptionOfType(Exception.class).isThrownBy(() -> source("").read().block(Duration.ofSeconds(5)))
			.withMessageContaining("more than " + EntraKeySource.MAX_BYTES + " bytes");
	}

	@ParameterizedTest
	@ValueSource(ints = { 302, 404, 500 })
	void anotherStatusIsAnError(int status) {
		this.issuer.status(status);
		assertThatExceptionOfType(Exception.class).isThrownBy(() -> source("").read().block(Duration.ofSeconds(5)))
			.withMessageContaining("status " + status);
	}

	@Test
	void aVerifiedTokenIsNotVerifiedAgain() {
		serve();
		this.keys.read();
		EntraProperties settings = settings(this.issuer.authority().toString());
		EntraTokens tokens = new EntraTokens(settings, this.keys,
				new EntraCallers(List.of(), "all", EntraKeysTests::client), Clock.systemUTC(),
				() -> this.time.now(TimeUnit.NANOSECONDS));
		String token = this.issuer.first().sign();
		String other = this.issuer.second().sign();
		assertThat(tokens.client(token).name()).isEqualTo("all/" + TokenIssuer.APP);
		this.issuer.replaceKey();
		advance(EntraKeys.REFRESH);
		// the signature fits the old key only
		assertThat(tokens.client(token).name()).isEqualTo("all/" + TokenIssuer.APP);
		assertThatExceptionOfType(ApiErrorException.class).isThrownBy(() -> tokens.client(other))
			.withMessageContaining("signature");
		this.issuer.rotate();
		this.issuer.removeOldKeys();
		advance(EntraKeys.REFRESH);
		assertThatExceptionOfType(ApiErrorException.class).isThrownBy(() -> tokens.client(token))
			.withMessageContaining("not one of Microsoft Entra ID's");
	}

	private static Client client(String name) {
		return new Client(new Binder(new MapConfigurationPropertySource(Map.of("client.name", name)))
			.bindOrCreate("client", ClientProperties.class));
	}

	private WeirServer weir() {
		String pool = WeirServer.pool("", WeirServer.backend("a", this.resources.backend(Scripts.SERVES).url()));
		return this.resources.add(WeirServer.start(pool + "  entra: {tenant: " + TokenIssuer.TENANT + ", authority: '"
				+ this.issuer.authority() + "', others: all}\n  clients: [{name: all}]\n"));
	}

	private static HttpResponse<String> chat(WeirServer weir, String token) {
		return weir.post("/v1/chat/completions", Bodies.CHAT, "authorization", "Bearer " + token);
	}

	@Test
	void c26TokensAreAcceptedFromTheFirstRequestOn() {
		assertThat(chat(weir(), this.issuer.first().sign()).statusCode()).isEqualTo(200);
		assertThat(this.issuer.reads()).isEqualTo(1);
	}

	@Test
	void c26WithoutKeysWeirStartsAndRefusesTokensAtOnce() {
		this.issuer.status(503);
		WeirServer weir = weir();
		HttpResponse<String> reply = chat(weir, this.issuer.first().sign());
		assertThat(reply.statusCode()).isEqualTo(401);
		assertThat(reply.body()).contains("keys of Microsoft Entra ID are not known yet");
		assertThat(weir.get("/actuator/health/readiness").statusCode()).isEqualTo(200);
		this.issuer.status(200);
		weir.bean(EntraKeySets.class).current().read().join();
		assertThat(chat(weir, this.issuer.first().sign()).statusCode()).isEqualTo(200);
		this.issuer.status(503);
		weir.bean(EntraKeySets.class).current().read().join();
		assertThat(chat(weir, this.issuer.second().sign()).statusCode()).isEqualTo(200);
	}

	@Test
	void c26ASlowServerOfKeysDelaysTheStartByAFewSecondsAndNoRequest() {
		Signal end = new Signal();
		this.issuer.hold(end);
		long begin = System.nanoTime();
		WeirServer weir = weir();
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(15));
		begin = System.nanoTime();
		assertThat(chat(weir, this.issuer.first().sign()).statusCode()).isEqualTo(401);
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
		end.send();
	}

	@Test
	void c26ATokenOfANewKeyIsAcceptedSoonAfterItsFirstRequest() {
		WeirServer weir = weir();
		this.issuer.rotate();
		// as if the start were long ago
		EntraKeys used = weir.bean(EntraKeySets.class).current();
		String token = this.issuer.first().sign();
		HttpResponse<String> reply = chat(weir, token);
		assertThat(reply.statusCode()).isEqualTo(401);
		assertThat(reply.body().toLowerCase(Locale.ROOT)).contains("a key that is not one of");
		used.read();
		await().until(() -> chat(weir, token).statusCode() == 200);
		assertThat(this.issuer.reads()).isEqualTo(2);
	}

}
