package dev.weir.shared;

import java.net.http.HttpResponse;
import java.util.List;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.weir.affinity.ObjectOwners;
import dev.weir.affinity.Owner;
import dev.weir.affinity.OwnerExchange;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RedisServer;
import dev.weir.testing.RequiresRedis;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Owners of stored objects that several Weirs share through Redis.
 */
@RequiresRedis
class SharedOwnerTests {

	private static final String RESPONSE = "{\"id\":\"%s\",\"object\":\"response\",\"output\":[],\"status\":\"completed\"}";

	private static final String CALL = "{\"model\":\"gpt-4o\",\"input\":\"hi\"}";

	private static final String ALICE = "alice-key-0123456789ab";

	private static final String BOB = "bob-key-0123456789abcd";

	private static final OpenResources resources = new OpenResources();

	private static RedisServer redis;

	private static RawBackend first;

	private static RawBackend second;

	@BeforeAll
	static void start() {
		redis = resources.add(RedisServer.start());
		first = resources.backend(Scripts.UNUSED);
		second = resources.backend(Scripts.UNUSED);
	}

	@AfterAll
	static void stop() {
		resources.close();
	}

	private static WeirServer weir(String... arguments) {
		String[] all = new String[arguments.length + 2];
		all[0] = "--weir.state=redis";
		all[1] = "--spring.data.redis.port=" + redis.port();
		System.arraycopy(arguments, 0, all, 2, arguments.length);
		WeirServer weir = WeirServer.start(WeirServer.pool("", WeirServer.backend("a", first.url()),
				WeirServer.backend("b", second.url(), "priority: 2")) + """
						  affinity: {unknown-owner: deny}
						  clients:
						    - {name: alice, key: %s}
						    - {name: bob, key: %s}
						""".formatted(ALICE, BOB), all);
		await().until(() -> weir.bean(RedisLink.class).isConnected());
		return weir;
	}

	private static HttpResponse<String> make(WeirServer weir, String id, String key) {
		first.script(Scripts.responding("200 OK", RESPONSE.formatted(id)));
		return weir.post("/v1/responses", CALL, "content-type", "application/json", "api-key", key);
	}

	private static HttpResponse<String> read(WeirServer weir, String id, String key) {
		return weir.get("/v1/responses/" + id, "api-key", key);
	}

	@Test
	void anObjectThatIsMadeThroughOneWeirIsKnownToTheOther() {
		try (WeirServer one = weir(); WeirServer other = weir()) {
			assertThat(make(one, "resp_other", ALICE).statusCode()).isEqualTo(200);
			await().until(() -> other.bean(ObjectOwners.class).size() > 0);
			int asked = second.requests().size();
			assertThat(read(other, "resp_other", ALICE).statusCode()).isEqualTo(200);
			assertThat(read(other, "resp_other", BOB).statusCode()).isEqualTo(404);
			assertThat(second.requests()).hasSize(asked);
		}
	}

	@Test
	void ownersAndClientsOutlastARestart() {
		try (WeirServer one = weir()) {
			assertThat(make(one, "resp_restart", ALICE).statusCode()).isEqualTo(200);
			await().until(() -> !redis.cli("KEYS", "weir:*:owner").isEmpty());
		}
		try (WeirServer restarted = weir()) {
			assertThat(read(restarted, "resp_restart", ALICE).statusCode()).isEqualTo(200);
			assertThat(read(restarted, "resp_restart", BOB).statusCode()).isEqualTo(404);
		}
	}

	@Test
	void anEntryThatIsNoOwnerHidesNoOwners() {
		redis.cli("FLUSHALL");
		List<String> ids = List.of("resp_1", "resp_2", "resp_3");
		try (WeirServer one = weir()) {
			ids.forEach((id) -> make(one, id, ALICE));
			await().until(() -> redis.cli("KEYS", "weir:*:owner").strip().lines().count() == 3);
		}
		for (String key : redis.cli("KEYS", "weir:*:owner").strip().lines().toList()) {
			redis.cli("SADD", key, "[1]", "null");
		}
		try (WeirServer restarted = weir()) {
			for (String id : ids) {
				assertThat(read(restarted, id, ALICE).statusCode()).isEqualTo(200);
				assertThat(read(restarted, id, BOB).statusCode()).isEqualTo(404);
			}
		}
	}

	@Test
	void anObjectThatIsMadeWhileRedisIsGoneIsSharedWhenItIsBack() {
		try (WeirServer one = weir(); WeirServer other = weir()) {
			redis.stop();
			await().until(() -> !one.bean(RedisLink.class).isConnected());
			assertThat(make(one, "resp_outage", ALICE).statusCode()).isEqualTo(200);
			assertThat(read(one, "resp_outage", ALICE).statusCode()).isEqualTo(200);
			redis.restart();
			await().untilAsserted(() -> assertThat(read(other, "resp_outage", ALICE).statusCode()).isEqualTo(200));
			assertThat(read(other, "resp_outage", BOB).statusCode()).isEqualTo(404);
		}
	}

	private static List<String> clients(WeirServer weir, String id) {
		StoredObject object = new StoredObject(ObjectKind.RESPONSE, id);
		return List.copyOf(weir.bean(ObjectOwners.class).findPrincipals(List.of(object)).block().values());
	}

	@Test
	void s10TheFirstClientOfAnObjectStaysItsOnlyOneOnRedisAndOnEachWeir() {
		try (WeirServer one = weir(); WeirServer other = weir()) {
			redis.stop();
			await().until(() -> !one.bean(RedisLink.class).isConnected() && !other.bean(RedisLink.class).isConnected());
			// neither knows that the other one has it, and ids of this backend are not
			// random
			assertThat(make(one, "resp_both", ALICE).statusCode()).isEqualTo(200);
			assertThat(make(other, "resp_both", BOB).statusCode()).isEqualTo(200);
			assertThat(clients(one, "resp_both")).containsExactly("alice");
			assertThat(clients(other, "resp_both")).containsExactly("bob");
			redis.restart();
			await().untilAsserted(
					() -> assertThat(clients(one, "resp_both")).hasSize(1).isEqualTo(clients(other, "resp_both")));
			String key = redis.cli("KEYS", "weir:*:owner").strip();
			assertThat(redis.cli("SMEMBERS", key).lines().filter((entry) -> entry.contains("\"principal\":\"")))
				.singleElement(InstanceOfAssertFactories.STRING)
				.contains(clients(one, "resp_both").get(0));
			assertThat(redis.cli("PTTL", key).strip()).as("owners expire").matches("2[5-9]\\d{8}");
		}
	}

	private static List<String> places(WeirServer weir, String id) {
		StoredObject object = new StoredObject(ObjectKind.RESPONSE, id);
		return weir.bean(ObjectOwners.class)
			.find(List.of(object))
			.block()
			.getOrDefault(object, List.of())
			.stream()
			.map(Owner::backend)
			.toList();
	}

	/** Without a message to other Weirs, as an eviction does. */
	private static void evict(WeirServer weir) {
		String key = redis.cli("KEYS", "weir:*:owner").strip();
		String hash = key.substring(key.indexOf('{') + 1, key.indexOf('}'));
		weir.bean(OwnerExchange.class).correct(hash, new OwnerExchange.KnownObject(List.of(), null));
	}

	@Test
	void s10AResponseToAnotherClientThroughAWeirThatDoesNotKnowTheObjectChangesNothing() {
		redis.cli("FLUSHALL");
		try (WeirServer one = weir(); WeirServer other = weir()) {
			assertThat(make(one, "resp_alice", ALICE).statusCode()).isEqualTo(200);
			await().until(() -> clients(other, "resp_alice").equals(List.of("alice")));
			StoredObject object = new StoredObject(ObjectKind.RESPONSE, "resp_alice");
			Owner elsewhere = new Owner(second.url().toString(), "", "b");
			ObjectOwners owners = other.bean(ObjectOwners.class);
			evict(other);
			owners.rememberMentioned(List.of(object), elsewhere, "bob");
			await().untilAsserted(() -> assertThat(clients(other, "resp_alice")).containsExactly("alice"));
			assertThat(places(other, "resp_alice")).as("replaced, so that no 404 is needed").containsExactly("a");
			evict(other);
			owners.remember(List.of(object), elsewhere, "bob");
			await().untilAsserted(() -> assertThat(clients(other, "resp_alice")).containsExactly("alice"));
			assertThat(places(other, "resp_alice")).containsExactly("a");
			assertThat(places(one, "resp_alice")).containsExactly("a");
			assertThat(redis.cli("SMEMBERS", redis.cli("KEYS", "weir:*:owner").strip()).strip().lines()).hasSize(2);
			assertThat(read(other, "resp_alice", ALICE).headers().firstValue("x-weir-backend")).contains("a");
		}
	}

	@Test
	void s10AResponseToAnotherClientWhileRedisIsGoneChangesNothingWhenItIsBack() {
		try (WeirServer one = weir(); WeirServer other = weir()) {
			redis.stop();
			await().until(() -> !one.bean(RedisLink.class).isConnected() && !other.bean(RedisLink.class).isConnected());
			assertThat(make(one, "resp_gone", ALICE).statusCode()).isEqualTo(200);
			StoredObject object = new StoredObject(ObjectKind.RESPONSE, "resp_gone");
			ObjectOwners owners = other.bean(ObjectOwners.class);
			owners.rememberMentioned(List.of(object), new Owner(second.url().toString(), "", "b"), "bob");
			owners.rememberMentioned(List.of(object), new Owner("http://elsewhere", "", "c"), "alice");
			redis.restart();
			await().untilAsserted(() -> assertThat(clients(other, "resp_gone")).containsExactly("alice"));
			assertThat(places(other, "resp_gone")).containsExactly("a");
			assertThat(places(one, "resp_gone")).containsExactly("a");
			assertThat(redis.cli("KEYS", "weir:*:owner").lines()).singleElement(InstanceOfAssertFactories.STRING)
				.satisfies((key) -> assertThat(redis.cli("SMEMBERS", key)).doesNotContain("\"b\"")
					.doesNotContain("elsewhere"));
		}
	}

	@Test
	void noIdAndNoKeyIsInRedis() {
		try (WeirServer one = weir()) {
			make(one, "resp_secret_id", ALICE);
			await().until(() -> !redis.cli("KEYS", "*:owner").isEmpty());
			StringBuilder all = new StringBuilder();
			redis.cli("KEYS", "*").lines().forEach((key) -> {
				all.append(key).append('\n');
				all.append(redis.cli("SMEMBERS", key)).append(redis.cli("HGETALL", key));
				all.append(redis.cli("ZRANGE", key, "0", "-1"));
			});
			assertThat(all.toString()).contains(":owner")
				.doesNotContain("resp_secret_id")
				.doesNotContain(ALICE)
				.doesNotContain("key-of-a");
		}
	}

}
