package dev.weir.affinity;

import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.RawBackend;
import dev.weir.testing.StoringBackend;
import dev.weir.testing.StoringBackend.Refusal;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Which responses of backends show that they have an object.
 */
class ObjectLookupTests {

	private StoringBackend alpha;

	private StoringBackend beta;

	@BeforeEach
	void start() {
		this.alpha = StoringBackend.start("alpha");
		this.beta = StoringBackend.start("beta");
	}

	@AfterEach
	void stop() {
		this.alpha.close();
		this.beta.close();
	}

	private static String backend(String name, URI url, String dialect) {
		return "{name: " + name + ", url: '" + url + "', api-key: k-" + name + ", dialect: " + dialect + "}";
	}

	private static String backendOf(HttpResponse<String> reply) {
		return reply.headers().firstValue("x-weir-backend").orElse("none");
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"status\":\"ok\"}", "{\"id\":\"another\",\"object\":\"file\"}", "<html></html>",
			"[{\"id\":\"ID\"}]", "{\"data\":[{\"id\":\"ID\"}]}", "{\"file\":{\"id\":\"ID\"}}", "" })
	void aSuccessWithoutTheIdDoesNotShowThatABackendHasTheObject(String body) {
		String file = this.beta.store("file-");
		try (RawBackend other = RawBackend.start((call) -> call.respond("200 OK", body.replace("ID", file)));
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("other", other.url()),
						WeirServer.backend("beta", this.beta.url()))) {
			assertThat(backendOf(weir.get("/v1/files/" + file))).isEqualTo("beta");
			HttpResponse<String> unknown = weir.get("/v1/files/file-made-up");
			assertThat(unknown.statusCode()).as(unknown.body()).isEqualTo(503);
			assertThat(unknown.body()).contains("backend other");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"id\":\"ID\"}", " \n{\"object\":\"file\", \"id\" : \"ID\", \"bytes\":1}" })
	void anObjectWithTheIdShowsThatABackendHasIt(String body) {
		String file = this.alpha.store("file-");
		this.alpha.remove(file);
		try (RawBackend other = RawBackend.start((call) -> call.respond("200 OK", body.replace("ID", file)));
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("alpha", this.alpha.url()),
						WeirServer.backend("other", other.url()))) {
			assertThat(backendOf(weir.get("/v1/files/" + file))).isEqualTo("other");
		}
	}

	@ParameterizedTest
	@CsvSource({ "404 Not Found, false, 404", "410 Gone, false, 404", "400 Bad Request, false, 503",
			"400 Bad Request, true, 404", "405 Method Not Allowed, false, 503", "405 Method Not Allowed, true, 503",
			"422 Unprocessable Content, false, 503", "422 Unprocessable Content, true, 404",
			"501 Not Implemented, false, 503", "501 Not Implemented, true, 503" })
	void onlySomeErrorsShowThatABackendLacksTheObject(String status, boolean named, int reply) {
		String body = "{\"error\":{\"message\":\"No" + (named ? " file-made-up" : "") + "\"}}";
		try (RawBackend other = RawBackend.start((call) -> call.respond(status, body));
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("other", other.url()),
						WeirServer.backend("beta", this.beta.url()))) {
			assertThat(weir.get("/v1/files/file-made-up").statusCode()).isEqualTo(reply);
		}
	}

	@Test
	void aVersionThatABackendRefusesDoesNotShowThatItLacksTheObject() {
		String file = this.alpha.store("file-");
		try (WeirServer weir = WeirServer.withBackends(backend("alpha", this.alpha.url(), "azure"),
				backend("beta", this.beta.url(), "azure"))) {
			this.alpha.refuse(new Refusal(400, Map.of()));
			HttpResponse<String> refused = weir.get("/openai/files/" + file + "?api-version=1999-01-01");
			assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
			this.alpha.refuse(null);
			assertThat(backendOf(weir.get("/openai/files/" + file + "?api-version=2024-10-21"))).isEqualTo("alpha");
			assertThat(backendOf(weir.get("/v1/files/" + file))).isEqualTo("alpha");
		}
	}

	@Test
	void aBackendThatIsLeftOutForLackOfAVersionMayHaveTheObject() {
		String file = this.alpha.store("file-");
		try (StoringBackend gamma = StoringBackend.start("gamma");
				WeirServer weir = WeirServer.withBackends(backend("alpha", this.alpha.url(), "azure"),
						backend("beta", URI.create(this.beta.url() + "/v1"), "openai"),
						backend("gamma", URI.create(gamma.url() + "/v1"), "openai"))) {
			HttpResponse<String> first = weir.get("/openai/files/" + file);
			assertThat(first.statusCode()).as(first.body()).isEqualTo(503);
			assertThat(first.body()).contains("backend alpha");
			assertThat(backendOf(weir.get("/v1/files/" + file))).isEqualTo("alpha");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "acme/tuned", "acme%2Ftuned" })
	void aModelWithASlashInItsNameIsDeletedWhereItIs(String name) {
		List<String> deleted = new CopyOnWriteArrayList<>();
		try (RawBackend other = RawBackend.start((call) -> {
			deleted.add(call.request().substring(0, call.request().indexOf(" HTTP")));
			call.respond("200 OK", "{\"id\":\"acme/tuned\",\"object\":\"model\"}");
		});
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("alpha", this.alpha.url()),
						WeirServer.backend("other", other.url()))) {
			this.alpha.refuse(new Refusal(404, Map.of()));
			HttpResponse<String> reply = weir.send("DELETE", "/v1/models/" + name, "");
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
			assertThat(backendOf(reply)).isEqualTo("other");
			assertThat(deleted).hasSize(2);
			assertThat(deleted.get(0)).startsWith("GET").endsWith("/models/acme%2Ftuned");
			assertThat(deleted.get(1)).startsWith("DELETE");
			assertThat(this.alpha.requests()).hasSize(1);
		}
	}

	@Test
	void severalBackendsOfOneResourceAreAskedOnce() {
		try (WeirServer weir = WeirServer.withBackends(WeirServer.backend("a1", this.alpha.url()),
				WeirServer.backend("a2", this.alpha.url()), WeirServer.backend("a3", this.alpha.url()),
				WeirServer.backend("b", this.beta.url()))) {
			assertThat(weir.get("/v1/files/file-made-up").statusCode()).isEqualTo(404);
			assertThat(this.alpha.requests()).hasSize(1);
			assertThat(this.beta.requests()).hasSize(1);
		}
	}

}
