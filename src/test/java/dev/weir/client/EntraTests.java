package dev.weir.client;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.MACSigner;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.credential.BearerTokenCredential;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LoggedOutput;
import dev.weir.testing.MockBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.TokenIssuer;
import dev.weir.testing.TokenIssuer.Token;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tokens of Microsoft Entra ID as keys of clients. The issuer signs real tokens of both
 * generations. All loggers are at TRACE.
 */
class EntraTests {

	private static final String USER = "33333333-aaaa-4bbb-8ccc-000000000001";

	private static final String OTHER_APP = "11111111-aaaa-4bbb-8ccc-000000000002";

	private static TokenIssuer issuer;

	private static MockBackend backend;

	private static WeirServer weir;

	private static LoggedOutput logged;

	@BeforeAll
	static void start() {
		logged = LoggedOutput.start();
		issuer = TokenIssuer.start();
		backend = MockBackend.start();
		weir = WeirServer.start(yaml("others: everyone"), "--logging.level.root=TRACE");
	}

	private static String yaml(String more) {
		return """
				weir:
				  entra: {tenant: %s, authority: '%s', %s}
				  clients:
				    - name: chat
				      apps: [%s]
				    - name: alice
				      users: [%s]
				      models: [gpt-4o-mini]
				    - name: batch
				      roles: [Batch.Run, Batch.Read]
				      models: [gpt-4o-mini]
				    - name: keyed
				      key: keyed-key-0123456789
				      apps: [44444444-AAAA-4bbb-8ccc-000000000001]
				    - name: former
				      apps: [55555555-aaaa-4bbb-8ccc-000000000001]
				      expires: 2026-01-31
				    - name: everyone
				      key: everyone-key-0123456789
				      models: [gpt-4o*]
				      limits: [{model: gpt-4o-nano, tokens-per-day: 30}]
				%s""".formatted(TokenIssuer.TENANT.toUpperCase(java.util.Locale.ROOT), issuer.authority(), more,
				TokenIssuer.APP, USER,
				WeirServer.pool("", WeirServer.backend("a", backend.url())).replace("weir:\n", ""));
	}

	@AfterAll
	static void stop() {
		weir.close();
		backend.close();
		issuer.close();
		logged.close();
	}

	@BeforeEach
	void serve() {
		backend.serves();
	}

	private static HttpResponse<String> chat(String token) {
		return weir.post("/v1/chat/completions", Bodies.CHAT, "authorization", "Bearer " + token);
	}

	private static Token bothGenerations(boolean first) {
		return first ? issuer.first() : issuer.second();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void aTokenOfEachGenerationIsAccepted(boolean first) {
		assertThat(chat(bothGenerations(first).sign()).statusCode()).isEqualTo(200);
	}

	@ParameterizedTest
	@ValueSource(strings = { "https://cognitiveservices.azure.com", "https://cognitiveservices.azure.com/",
			"https://ai.azure.com", "https://ai.azure.com/" })
	void eachAudienceOfAzureOpenAiIsAccepted(String audience) {
		assertThat(chat(issuer.first().with("aud", audience).sign()).statusCode()).isEqualTo(200);
		assertThat(chat(issuer.second().with("aud", List.of("https://other.example", audience)).sign()).statusCode())
			.isEqualTo(200);
	}

	@Test
	void aTokenIsAcceptedInEachHeaderAndInBoth() {
		String token = issuer.first().sign();
		assertThat(weir.post("/v1/chat/completions", Bodies.CHAT, "api-key", token).statusCode()).isEqualTo(200);
		// as the SDK for JavaScript does with a token in place of a key
		assertThat(weir
			.post("/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", Bodies.CHAT, "api-key", token,
					"authorization", "Bearer " + token)
			.statusCode()).isEqualTo(200);
		assertThat(weir
			.post("/v1/chat/completions", Bodies.CHAT, "api-key", "placeholder", "authorization", "Bearer " + token)
			.statusCode()).isEqualTo(200);
		assertThat(backend.calls().toString()).doesNotContain(token);
	}

	@Test
	void anSdkWithATokenIsServed() {
		OpenAIClient client = OpenAIOkHttpClient.builder()
			.baseUrl(weir.uri("/v1").toString())
			.credential(BearerTokenCredential.create(() -> issuer.first().sign()))
			.maxRetries(0)
			.build();
		assertThat(client.chat()
			.completions()
			.create(ChatCompletionCreateParams.builder().model("gpt-4o").addUserMessage("hi").build())
			.choices()).isNotEmpty();
		client.close();
	}

	@Test
	void clocksMayDifferByAMinute() {
		long now = Instant.now().getEpochSecond();
		assertThat(chat(issuer.first().with("exp", now - 40).with("nbf", now - 4000).with("iat", now - 4000).sign())
			.statusCode()).isEqualTo(200);
		assertThat(chat(issuer.second().with("nbf", now + 40).sign()).statusCode()).isEqualTo(200);
	}

	@ParameterizedTest
	@CsvSource({ "appid," + TokenIssuer.APP + ",200", "azp," + TokenIssuer.APP + ",200",
			"appid,44444444-aaaa-4bbb-8ccc-000000000001,200", "appid,44444444-AAAA-4BBB-8CCC-000000000001,200",
			"oid," + USER + ",403", "roles,Batch.Read,403" })
	void anEntryNamesAppsUsersAndRoles(String claim, String value, int status) {
		Token token = issuer.first().with("appid", OTHER_APP);
		if (claim.equals("azp")) {
			token.without("appid");
		}
		// alice and batch may not use gpt-4o, and all others may
		assertThat(chat(token.with(claim, claim.equals("roles") ? List.of("Other.Role", value) : value).sign())
			.statusCode()).isEqualTo(status);
	}

	@Test
	void aUserTakesPrecedenceOverItsAppAndRoles() {
		HttpResponse<String> reply = chat(issuer.first().with("oid", USER).with("roles", List.of("Batch.Run")).sign());
		assertThat(reply.statusCode()).isEqualTo(403);
		assertThat(reply.body()).contains("'alice' may not use the model 'gpt-4o'");
	}

	@Test
	void anAppTakesPrecedenceOverItsRoles() {
		assertThat(chat(issuer.second().with("roles", List.of("Batch.Run")).sign()).statusCode()).isEqualTo(200);
	}

	@Test
	void anEntryMayHaveKeysAndCallers() {
		assertThat(weir.post("/v1/chat/completions", Bodies.CHAT, "api-key", "keyed-key-0123456789").statusCode())
			.isEqualTo(200);
	}

	@Test
	void eachOtherCallerHasTheSettingsOfOthersAndItsOwnName() {
		String body = Bodies.CHAT.replace("gpt-4o", "o3");
		HttpResponse<String> reply = weir.post("/v1/chat/completions", body, "authorization",
				"Bearer " + issuer.first().with("appid", OTHER_APP).sign());
		assertThat(reply.statusCode()).isEqualTo(403);
		assertThat(reply.body()).contains("'everyone/" + OTHER_APP + "'", "o3");
		reply = weir.post("/v1/chat/completions", body, "authorization",
				"Bearer " + issuer.first().without("appid").sign());
		assertThat(reply.body()).contains("'everyone/" + TokenIssuer.OBJECT + "'");
	}

	// 29 tokens are reserved for a request, and 2 are used
	@Test
	void c10EachOtherCallerHasTheLimitsOfOthersForItself() {
		String body = Bodies.CHAT.replace("\"gpt-4o\",", "\"gpt-4o-nano\",\"max_tokens\":8,");
		List<Integer> statuses = new ArrayList<>();
		for (String app : List.of("66666666-aaaa-4bbb-8ccc-000000000001", "66666666-aaaa-4bbb-8ccc-000000000001",
				"66666666-aaaa-4bbb-8ccc-000000000002")) {
			statuses.add(weir.post("/v1/chat/completions", body, "authorization",
					"Bearer " + issuer.first().with("appid", app).sign())
				.statusCode());
		}
		assertThat(statuses).containsExactly(200, 429, 200);
	}

	@Test
	void anEntryThatHasExpiredAdmitsNoCaller() {
		HttpResponse<String> reply = chat(issuer.first().with("appid", "55555555-aaaa-4bbb-8ccc-000000000001").sign());
		assertThat(reply.statusCode()).isEqualTo(401);
		assertThat(reply.body()).contains("expired (2026-01-31)");
	}

	@Test
	void c09WithoutOthersOnlyNamedCallersAreServed() {
		try (WeirServer closed = WeirServer.start(yaml("audiences: ['https://ai.azure.com/']"))) {
			String named = issuer.first().with("aud", "https://ai.azure.com").sign();
			assertThat(
					closed.post("/v1/chat/completions", Bodies.CHAT, "authorization", "Bearer " + named).statusCode())
				.isEqualTo(200);
			HttpResponse<String> reply = closed.post("/v1/chat/completions", Bodies.CHAT, "authorization",
					"Bearer " + issuer.first().with("aud", "https://ai.azure.com").with("appid", OTHER_APP).sign());
			assertThat(reply.statusCode()).isEqualTo(403);
			assertThat(reply.body()).contains("client_not_allowed",
					"application id " + OTHER_APP + " and object id " + TokenIssuer.OBJECT, "weir.entra.others");
			assertThat(
					closed.post("/v1/chat/completions", Bodies.CHAT, "authorization", "Bearer " + issuer.first().sign())
						.body())
				.contains("another audience, https://cognitiveservices.azure.com; accepted: https://ai.azure.com");
		}
	}

	@Test
	void aTokenDoesNotOpenTheActuator() {
		assertThat(weir.get("/actuator/backends").statusCode()).isEqualTo(401);
		assertThat(weir.get("/actuator/backends", "authorization", "Bearer " + issuer.first().sign()).statusCode())
			.isEqualTo(403);
	}

	/** Makes a token that must be refused, with a part of the reason. */
	record Bad(String name, String reason, Function<TokenIssuer, String> token) {

		@Override
		public String toString() {
			return this.name;
		}

	}

	static Stream<Bad> c26ATokenThatIsNotValidGets401WithTheReason() {
		long now = Instant.now().getEpochSecond();
		return Stream.of(new Bad("expired", "has expired at 20",
				(it) -> it.first().with("iat", now - 4000).with("nbf", now - 4000).with("exp", now - 61).sign()),
				new Bad("not yet valid", "not valid before 20", (it) -> it.first().with("nbf", now + 90).sign()),
				new Bad("without an end", "does not expire", (it) -> it.second().without("exp").sign()),
				new Bad("tenant", "another issuer, https://sts.windows.net/99999999-",
						(it) -> it.first()
							.with("iss", "https://sts.windows.net/99999999-4b5a-4678-9abc-def012345678/")
							.sign()),
				new Bad("tenant of the second generation", "another issuer",
						(it) -> it.second()
							.with("iss", it.authority() + "/99999999-4b5a-4678-9abc-def012345678/v2.0")
							.sign()),
				new Bad("tid", "another tenant, 99999999-",
						(it) -> it.first().with("tid", "99999999-4b5a-4678-9abc-def012345678").sign()),
				new Bad("issuer", "another issuer, https://issuer.example",
						(it) -> it.first().with("iss", "https://issuer.example/").sign()),
				new Bad("without an issuer", "another issuer", (it) -> it.first().without("iss").sign()),
				new Bad("audience", "another audience, https://graph.microsoft.com",
						(it) -> it.first().with("aud", "https://graph.microsoft.com").sign()),
				new Bad("audience with more at its end", "another audience",
						(it) -> it.first().with("aud", "https://ai.azure.com.example").sign()),
				new Bad("without an audience", "another audience", (it) -> it.second().without("aud").sign()),
				new Bad("without a caller", "neither an application",
						(it) -> it.first().without("appid").without("oid").sign()),
				new Bad("signature of another key with the same id", "signature of the token is not valid",
						(it) -> it.first().key(TokenIssuer.newKey(), it.key().getKeyID()).sign()),
				new Bad("unknown key", "a key that is not one of",
						(it) -> it.first().key(TokenIssuer.newKey(), "unknown").sign()),
				new Bad("without a key", "does not name the key", (it) -> it.first().key(it.key(), null).sign()),
				new Bad("another algorithm", "not signed with RS256",
						(it) -> it.first().algorithm(JWSAlgorithm.RS512).sign()),
				new Bad("PS256", "not signed with RS256", (it) -> it.first().algorithm(JWSAlgorithm.PS256).sign()),
				new Bad("none", "not signed", (it) -> unsigned(it.first())),
				new Bad("none with a signature", "not a valid JSON Web Token",
						(it) -> unsigned(it.first()) + it.first().sign().replaceFirst(".*\\.", "")),
				new Bad("HS256 with the public key", "not signed with RS256", EntraTests::signedWithPublicKey),
				new Bad("changed claims", "signature of the token is not valid", EntraTests::changed),
				new Bad("without claims", "not a valid JSON Web Token",
						(it) -> it.first().sign().replaceFirst("\\..*\\.", "..")),
				new Bad("no token", "not a valid JSON Web Token", (it) -> "eyJhbGciOiJSUzI1NiJ9.e30"),
				new Bad("no JSON", "not a valid JSON Web Token", (it) -> "eyJ.eyJ.eyJ"),
				new Bad("encrypted", "not a valid JSON Web Token", (it) -> "eyJ.a.b.c.d"),
				new Bad("with more at its end", "signature of the token is not valid",
						(it) -> it.first().sign() + "AAAA"));
	}

	@ParameterizedTest
	@MethodSource
	void c26ATokenThatIsNotValidGets401WithTheReason(Bad bad) {
		String token = bad.token().apply(issuer);
		for (String header : List.of("authorization", "api-key")) {
			HttpResponse<String> reply = weir.post("/v1/chat/completions", Bodies.CHAT, header,
					header.equals("api-key") ? token : "Bearer " + token);
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(401);
			assertThat(reply.body()).contains(bad.reason(), "\"type\":\"invalid_request_error\"",
					"\"code\":\"invalid_token\"");
			assertThat(reply.headers().firstValue("www-authenticate").orElseThrow())
				.matches("Bearer error=\"invalid_token\", error_description=\"[^\"\\\\]+\"")
				.contains(bad.reason());
			assertThat(reply.body()).doesNotContain(token);
		}
		assertThat(backend.calls()).isEmpty();
	}

	private static String encoded(String text) {
		return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
	}

	private static String unsigned(Token token) {
		return encoded("{\"alg\":\"none\",\"typ\":\"JWT\"}") + "." + token.sign().split("\\.")[1] + ".";
	}

	private static String changed(TokenIssuer it) {
		String[] parts = it.first().sign().split("\\.");
		String claims = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
		return parts[0] + "." + encoded(claims.replace(TokenIssuer.APP, OTHER_APP)) + "." + parts[2];
	}

	private static String signedWithPublicKey(TokenIssuer it) {
		try {
			JWSObject token = new JWSObject(new JWSHeader.Builder(JWSAlgorithm.HS256).type(JOSEObjectType.JWT)
				.keyID(it.key().getKeyID())
				.build(), new Payload(Map.copyOf(it.first().claims())));
			token.sign(new MACSigner(it.key().toRSAPublicKey().getEncoded()));
			return token.serialize();
		}
		catch (JOSEException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Test
	void noLogLineHasAToken() {
		// another client than the JDK's, which logs what it sends
		String good = issuer.first().with("uti", "logged-good").sign();
		String bad = issuer.first().with("uti", "logged-bad").with("aud", "https://other.example").sign();
		assertThat(RawClient.exchange(weir.port(), "GET /v1/models", new byte[0], "authorization: Bearer " + good)
			.status()).isEqualTo(200);
		assertThat(RawClient.exchange(weir.port(), "GET /v1/models?api-key=" + good, new byte[0]).status())
			.isEqualTo(200);
		assertThat(RawClient.exchange(weir.port(), "GET /v1/models", new byte[0], "api-key: " + bad).status())
			.isEqualTo(401);
		assertThat(logged.text()).contains(" TRACE ");
		for (String token : List.of(good, bad)) {
			String signature = token.split("\\.")[2].substring(0, 60);
			assertThat(logged.text().lines().filter((line) -> line.contains(signature))).isEmpty();
		}
	}

}
