package dev.weir.client;

import java.net.http.HttpResponse;
import java.util.List;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.TokenIssuer;
import dev.weir.testing.TokenIssuer.Token;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * To whom the stored objects belong that callers with tokens of Microsoft Entra ID make.
 */
class EntraOwnerTests {

	private static final String CLI = "66666666-aaaa-4bbb-8ccc-000000000001";

	private static final String ANN = "77777777-aaaa-4bbb-8ccc-000000000001";

	private static final String BEN = "77777777-aaaa-4bbb-8ccc-000000000002";

	private static final String CALL = "{\"model\":\"gpt-4o\",\"input\":\"hi\"}";

	private static final OpenResources resources = new OpenResources();

	private static TokenIssuer issuer;

	private static RawBackend backend;

	private static WeirServer weir;

	private static int count;

	@BeforeAll
	static void start() {
		issuer = resources.add(TokenIssuer.start());
		backend = resources.backend((call) -> call.respond("200 OK", "{}"));
		weir = resources.add(WeirServer.start("""
				weir:
				  entra: {tenant: %s, authority: '%s', others: everyone}
				  affinity.unknown-owner: deny
				  clients:
				    - {name: chat, apps: [%s], key: chat-key-0123456789}
				    - {name: team, users: [%s, %s]}
				    - {name: jobs, roles: [Batch.Run]}
				    - {name: everyone, limits: [{model: scarce, requests-per-minute: 1}]}
				%s""".formatted(TokenIssuer.TENANT, issuer.authority(), TokenIssuer.APP, ANN.replace("7777", "8888"),
				BEN.replace("7777", "8888"),
				WeirServer.pool("", WeirServer.backend("a", backend.url())).replace("weir:\n", ""))));
	}

	@AfterAll
	static void stop() {
		resources.close();
	}

	@BeforeEach
	void next() {
		count++;
	}

	/** A token with which an application calls for a user. */
	private static String user(boolean first, String app, String user) {
		Token token = first ? issuer.first().with("appid", app) : issuer.second().with("azp", app);
		return token.with("oid", user).with("idtyp", "user").with("scp", "user_impersonation").sign();
	}

	private static String app(String app) {
		return issuer.first().with("appid", app).sign();
	}

	private static String make(String credential) {
		String id = "resp_" + count + "_" + credential.hashCode();
		backend.script((call) -> call.respond("200 OK", "{\"id\":\"" + id + "\",\"object\":\"response\"}"));
		assertThat(weir.post("/v1/responses", CALL, "authorization", "Bearer " + credential).statusCode())
			.isEqualTo(200);
		return id;
	}

	private static int read(String credential, String path) {
		return weir.get("/v1/" + path, "authorization", "Bearer " + credential).statusCode();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void s10AUserOfAnAppDoesNotSeeTheObjectsOfItsOtherUsers(boolean first) {
		String id = make(user(first, CLI, ANN));
		assertThat(read(user(first, CLI, ANN), "responses/" + id)).isEqualTo(200);
		// a new token, of the other generation, is of the same user
		assertThat(read(user(!first, CLI.toUpperCase(), ANN), "responses/" + id)).isEqualTo(200);
		assertThat(read(user(first, CLI, BEN), "responses/" + id)).isEqualTo(404);
		assertThat(read(app(CLI), "responses/" + id)).isEqualTo(404);
		assertThat(read(user(first, CLI.replace("6666", "9999"), ANN), "responses/" + id)).isEqualTo(404);
	}

	@Test
	void s10AListShowsAUserOnlyTheObjectsOfThisUser() {
		backend.script((call) -> call.respond("200 OK",
				call.request().startsWith("POST") ? "{\"id\":\"vs_ann\",\"object\":\"vector_store\"}"
						: "{\"object\":\"list\",\"data\":[{\"id\":\"vs_ann\",\"created_at\":1}],\"has_more\":false}"));
		assertThat(weir.post("/v1/vector_stores", "{}", "authorization", "Bearer " + user(true, CLI, ANN)).statusCode())
			.isEqualTo(200);
		for (String user : List.of(ANN, BEN)) {
			HttpResponse<String> list = weir.get("/v1/vector_stores", "authorization",
					"Bearer " + user(true, CLI, user));
			assertThat(list.statusCode()).isEqualTo(200);
			assertThat(list.body().contains("vs_ann")).as(user).isEqualTo(user.equals(ANN));
		}
	}

	@Test
	void theObjectsOfAnAppBelongToItWhateverPrincipalItHas() {
		String id = make(app(CLI));
		assertThat(read(issuer.second().with("azp", CLI).with("oid", ANN).sign(), "responses/" + id)).isEqualTo(200);
		assertThat(read(user(true, CLI, ANN), "responses/" + id)).isEqualTo(404);
		assertThat(read(issuer.second().with("azp", CLI).with("scp", " ").sign(), "responses/" + id)).isEqualTo(200);
	}

	@ParameterizedTest
	@CsvSource({ TokenIssuer.APP + ",7777", CLI + ",8888" })
	void theObjectsOfANamedClientBelongToAllItsCallers(String app, String users) {
		String id = make(user(true, app, ANN.replace("7777", users)));
		assertThat(read(user(false, app, BEN.replace("7777", users)), "responses/" + id)).isEqualTo(200);
		if (app.equals(TokenIssuer.APP)) {
			assertThat(read("chat-key-0123456789", "responses/" + id)).isEqualTo(200);
			assertThat(read(app(app), "responses/" + id)).isEqualTo(200);
		}
		assertThat(read(user(true, CLI, ANN), "responses/" + id)).isEqualTo(404);
	}

	@Test
	void theUsersOfAnAppShareItsLimits() {
		List<Integer> statuses = List.of(ANN, BEN)
			.stream()
			.map((user) -> weir
				.post("/v1/responses", CALL.replace("gpt-4o", "scarce"), "authorization",
						"Bearer " + user(true, CLI, user))
				.statusCode())
			.toList();
		assertThat(statuses).containsExactly(200, 429);
	}

	@Test
	void anEphemeralKeyIsThatOfTheUserWhoAskedForIt() {
		String key = "ek_of_ann_" + count;
		backend.script((call) -> {
			if (call.request().contains("client_secrets")) {
				call.respond("200 OK", "{\"value\":\"" + key + "\",\"session\":{}}");
			}
			else {
				call.respond("201 Created", "v=0", "content-type: application/sdp",
						"location: /v1/realtime/calls/rtc_ann");
			}
		});
		assertThat(weir
			.post("/v1/realtime/client_secrets", "{\"session\":{\"model\":\"gpt-4o\"}}", "authorization",
					"Bearer " + user(true, CLI, ANN))
			.statusCode()).isEqualTo(200);
		HttpResponse<String> made = weir.post("/v1/realtime/calls", "v=0", "authorization", "Bearer " + key);
		assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
		String hangup = "/v1/realtime/calls/rtc_ann/hangup";
		for (String other : List.of(user(true, CLI, BEN), app(CLI))) {
			assertThat(weir.post(hangup, "", "authorization", "Bearer " + other).statusCode()).isEqualTo(404);
		}
		assertThat(weir.post(hangup, "", "authorization", "Bearer " + user(true, CLI, ANN)).statusCode())
			.isEqualTo(201);
	}

}
