package dev.weir.shared;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

import com.azure.core.credential.AccessToken;
import com.azure.core.credential.TokenCredential;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import dev.weir.backend.Lane;
import dev.weir.backend.Pools;
import dev.weir.credential.CredentialProvider;
import dev.weir.testing.LoggedOutput;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RedisServer;
import dev.weir.testing.RequiresRedis;
import dev.weir.testing.Scripts;
import dev.weir.testing.TestAuthority;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Connections to a cluster, with TLS, with a password, and with tokens of Microsoft Entra
 * ID.
 */
@RequiresRedis
class RedisConnectionTests {

	private static String token(String user, String name) {
		String claims = "{\"oid\":\"" + user + "\",\"jti\":\"" + name + "\"}";
		return "e30." + Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(StandardCharsets.UTF_8))
				+ ".canary-signature-" + name;
	}

	private static void allow(RedisServer redis, String user, String token) {
		redis.cli("ACL", "SETUSER", user, "on", ">" + token, "~weir:*", "&weir:*", "+@read", "+@write", "+@scripting",
				"+@pubsub", "+@connection", "+time", "+cluster");
	}

	private static WeirServer weir(OpenResources resources, RawBackend backend, List<String> arguments) {
		String[] all = new String[arguments.size() + 1];
		arguments.toArray(all);
		all[arguments.size()] = "--weir.state=redis";
		return resources.add(WeirServer.start((context) -> {
		}, WeirServer.pool("", WeirServer.backend("a", backend.url())), all));
	}

	private static void awaitConnected(WeirServer weir) {
		await().until(() -> weir.bean(RedisLink.class).isConnected());
	}

	@Test
	void weirsShareStateThroughACluster() {
		try (OpenResources resources = new OpenResources()) {
			int port = RedisServer.freePort();
			RedisServer redis = resources.add(RedisServer.start(port, Map.of(), "--cluster-enabled", "yes",
					"--cluster-announce-ip", "127.0.0.1", "--cluster-announce-port", String.valueOf(port)));
			redis.cli("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
			await().until(() -> redis.cli("CLUSTER", "INFO").contains("cluster_state:ok"));
			RawBackend backend = resources.backend(Scripts.THROTTLED);
			List<String> arguments = List.of("--spring.data.redis.cluster.nodes=127.0.0.1:" + port);
			WeirServer first = weir(resources, backend, arguments);
			WeirServer second = weir(resources, backend, arguments);
			awaitConnected(first);
			awaitConnected(second);
			first.chat();
			Lane there = second.bean(Pools.class).get("openai").lanes("gpt-4o").get(0);
			await().until(() -> !there.cooldownLeft().isZero());
			WeirServer third = weir(resources, backend, arguments);
			Lane later = third.bean(Pools.class).get("openai").lanes("gpt-4o").get(0);
			await().until(() -> !later.cooldownLeft().isZero());
		}
	}

	@Test
	void weirsTrustTheCertificateOfASslBundleOnly(@TempDir Path folder) throws IOException {
		try (OpenResources resources = new OpenResources()) {
			TestAuthority authority = TestAuthority.found("redis");
			X509Bundle identity = authority.issue(new CertificateBuilder().subject("CN=localhost")
				.addSanDnsName("localhost")
				.addSanIpAddress("127.0.0.1"));
			Path certificate = Files.writeString(folder.resolve("certificate.pem"), identity.getCertificatePEM());
			Path key = Files.writeString(folder.resolve("key.pem"), identity.getPrivateKeyPEM());
			RedisServer redis = resources.add(RedisServer.start(RedisServer.freePort(),
					Map.of(certificate, "/tmp/certificate.pem", key, "/tmp/key.pem"), "--port", "0", "--tls-port",
					"6379", "--tls-cert-file", "/tmp/certificate.pem", "--tls-key-file", "/tmp/key.pem",
					"--tls-auth-clients", "no", "--tls-ca-cert-file", "/tmp/certificate.pem"));
			RawBackend backend = resources.backend(Scripts.SERVES);
			WeirServer weir = weir(resources, backend,
					List.of("--spring.data.redis.port=" + redis.port(), "--spring.data.redis.ssl.bundle=redis",
							"--spring.ssl.bundle.pem.redis.truststore.certificate=file:" + authority.certificate()));
			awaitConnected(weir);
			WeirServer other = weir(resources, backend,
					List.of("--spring.data.redis.port=" + redis.port(), "--spring.data.redis.ssl.bundle=redis",
							"--spring.ssl.bundle.pem.redis.truststore.certificate=file:"
									+ TestAuthority.found("x").certificate()));
			assertThat(other.chat().statusCode()).isEqualTo(200);
			assertThat(other.bean(RedisLink.class).isConnected()).isFalse();
		}
	}

	@Test
	void aTokenOfEntraIsThePasswordAndNothingOfItIsLogged() {
		try (OpenResources resources = new OpenResources(); LoggedOutput logged = LoggedOutput.start()) {
			RedisServer redis = resources.add(RedisServer.start());
			String token = token("identity-of-weir", "one");
			allow(redis, "identity-of-weir", token);
			RawBackend backend = resources.backend(Scripts.SERVES);
			TokenCredential credential = (request) -> request.getScopes().contains(EntraRedisCredentials.SCOPE)
					? Mono.just(new AccessToken(token, OffsetDateTime.now().plusHours(1)))
					: Mono.error(new IllegalStateException("another scope"));
			WeirServer weir = resources
				.add(WeirServer.start((context) -> context.registerBean("tokensOfTheTest", CredentialProvider.class,
						() -> CredentialProvider.from(() -> credential), (definition) -> definition.setPrimary(true)),
						WeirServer.pool("", WeirServer.backend("a", backend.url())), "--weir.state=redis",
						"--weir.redis.credential=entra", "--spring.data.redis.port=" + redis.port(),
						"--logging.level.root=TRACE", "--logging.level.io.lettuce=TRACE"));
			await().untilAsserted(() -> assertThat(weir.bean(RedisLink.class).isConnected())
				.as("%s", lines(logged, "does not respond"))
				.isTrue());
			assertThat(redis.cli("CLIENT", "LIST")).contains("user=identity-of-weir");
			assertThat(lines(logged, "io.lettuce")).isNotEmpty();
			assertThat(lines(logged, "canary-")).isEmpty();
			for (String endpoint : List.of("health", "prometheus", "metrics", "info")) {
				assertThat(weir.get("/actuator/" + endpoint).body()).doesNotContain("canary-signature");
			}
		}
	}

	@Test
	void anOpenConnectionGetsTheNextToken() {
		try (OpenResources resources = new OpenResources()) {
			RedisServer redis = resources.add(RedisServer.start());
			String first = token("identity-one", "one");
			String second = token("identity-two", "two");
			allow(redis, "identity-one", first);
			allow(redis, "identity-two", second);
			AtomicReference<String> current = new AtomicReference<>(first);
			EntraRedisCredentials credentials = new EntraRedisCredentials(() -> Mono.just(current.get()), null,
					Duration.ofMillis(50), Schedulers.parallel());
			RedisURI uri = RedisURI.create("127.0.0.1", redis.port());
			uri.setCredentialsProvider(credentials);
			RedisClient client = RedisClient.create(uri);
			client.setOptions(ClientOptions.builder()
				.reauthenticateBehavior(ClientOptions.ReauthenticateBehavior.ON_NEW_CREDENTIALS)
				.build());
			try (StatefulRedisPubSubConnection<String, String> connection = client.connectPubSub()) {
				connection.sync().subscribe("weir:0");
				assertThat(redis.cli("CLIENT", "LIST")).contains("user=identity-one");
				String id = id(redis, "identity-one");
				current.set(second);
				await().until(() -> redis.cli("CLIENT", "LIST").contains("user=identity-two"));
				assertThat(id(redis, "identity-two")).isEqualTo(id);
				assertThat(connection.isOpen()).isTrue();
			}
			finally {
				client.shutdown();
			}
		}
	}

	private static List<String> lines(LoggedOutput logged, String text) {
		return logged.text().lines().filter((line) -> line.contains(text)).toList();
	}

	private static String id(RedisServer redis, String user) {
		return redis.cli("CLIENT", "LIST")
			.lines()
			.filter((line) -> line.contains("user=" + user))
			.map((line) -> line.split(" ")[0])
			.findFirst()
			.orElse("");
	}

	@Test
	void thePasswordOfRedisIsNeverLogged() {
		try (OpenResources resources = new OpenResources(); LoggedOutput logged = LoggedOutput.start()) {
			RedisServer redis = resources.add(RedisServer.start("--requirepass", "canary-password"));
			RawBackend backend = resources.backend(Scripts.SERVES);
			WeirServer weir = weir(resources, backend,
					List.of("--spring.data.redis.port=" + redis.port(), "--spring.data.redis.password=canary-password",
							"--logging.level.root=TRACE", "--logging.level.io.lettuce=TRACE"));
			awaitConnected(weir);
			WeirServer wrong = weir(resources, backend,
					List.of("--spring.data.redis.port=" + redis.port(), "--spring.data.redis.password=canary-wrong"));
			assertThat(wrong.chat().statusCode()).isEqualTo(200);
			assertThat(lines(logged, "Redis does not respond")).hasSize(1);
			assertThat(lines(logged, "canary-")).isEmpty();
			assertThat(weir.get("/actuator/health").body()).doesNotContain("canary");
		}
	}

}
