package dev.weir.shared;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RedisServer;
import dev.weir.testing.RequiresRedis;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Limits of two Weirs while a real Redis serves, is killed, is paused and comes back.
 */
@ExtendWith(OutputCaptureExtension.class)
@RequiresRedis
class RedisOutageTests {

	private static final String FEW = "few-requests-0123456789";

	private static final String TOKENS = "tokens-0123456789abcdef";

	private static final String KILLED = "killed-0123456789abcdef";

	private static final String PAUSED = "paused-0123456789abcdef";

	private static final String FLOOD = "flood-0123456789abcdef0";

	private static final String MANY = "many-requests-012345678";

	private static final OpenResources resources = new OpenResources();

	private static RedisServer redis;

	private static SharedWeirs weirs;

	@BeforeAll
	static void start() {
		redis = resources.add(RedisServer.start());
		RawBackend backend = resources.backend(Scripts.responding("200 OK", "{\"choices\":[]}"));
		weirs = resources.add(new SharedWeirs(redis.port(), "outage", backend, """
				  clients:
				    - {name: few, key: %s, requests-per-minute: 300}
				    - {name: tokens, key: %s, tokens-per-minute: 20000}
				    - {name: killed, key: %s, requests-per-minute: 200}
				    - {name: paused, key: %s, requests-per-minute: 200}
				    - {name: flood, key: %s, requests-per-minute: 150}
				    - {name: many, key: %s, requests-per-minute: 1000000, tokens-per-minute: 1000000000}
				""".formatted(FEW, TOKENS, KILLED, PAUSED, FLOOD, MANY),
				// a busy machine is not an outage
				"--spring.data.redis.timeout=3s"));
		weirs.awaitConnected();
	}

	@AfterAll
	static void stop() {
		resources.close();
	}

	@Test
	void w06TwoWeirsKeepOneLimitWhileRedisResponds() throws Exception {
		weirs.nextMinute();
		Map<Integer, Integer> requests = weirs.exhaust(FEW);
		Map<Integer, Integer> tokens = weirs.exhaust(TOKENS);
		// 20 for the prompt, 100 for the output
		long reserved = tokens.get(200) * 120L;
		System.out.println("Two Weirs, 300 requests a minute: " + requests + "; 20000 tokens a minute: " + reserved
				+ " reserved, " + tokens);
		assertThat(requests.get(200)).isBetween(290, 300);
		assertThat(requests).containsOnlyKeys(200, 429);
		assertThat(reserved).isBetween(19_000L, 20_000L);
	}

	@Test
	void w06WhatIsUsedWhileRedisIsGoneCountsOnceWhenItIsBack(CapturedOutput output) throws Exception {
		weirs.nextMinute();
		assertThat(weirs.send(0, KILLED, 50) + weirs.send(1, KILLED, 50)).isEqualTo(100);
		redis.stop();
		assertThat(weirs.send(0, KILLED, 30) + weirs.send(1, KILLED, 30)).isEqualTo(60);
		await().until(weirs::isLost);
		assertThat(weirs.get(0).get("/actuator/health/readiness").statusCode()).isEqualTo(200);
		redis.restart();
		weirs.awaitConnected();
		Map<Integer, Integer> rest = weirs.exhaust(KILLED);
		System.out.println("Redis killed and back, 160 of 200 used before: " + rest);
		assertThat(rest.get(200)).isBetween(36, 40);
		assertThat(output.getAll().split("Redis does not respond", -1)).hasSize(3);
	}

	@Test
	void w06WhatIsUsedWhileRedisIsPausedCountsOnceWhenItContinues() throws Exception {
		weirs.nextMinute();
		assertThat(weirs.send(0, PAUSED, 50) + weirs.send(1, PAUSED, 50)).isEqualTo(100);
		redis.pause();
		try {
			await().until(weirs::isLost);
			assertThat(weirs.send(0, PAUSED, 30) + weirs.send(1, PAUSED, 30)).isEqualTo(60);
		}
		finally {
			redis.unpause();
		}
		weirs.awaitConnected();
		Map<Integer, Integer> rest = weirs.exhaust(PAUSED);
		System.out.println("Redis paused and back, 160 of 200 used before: " + rest);
		assertThat(rest.get(200)).isBetween(36, 40);
	}

	@Test
	void w06EachWeirGrantsTheLimitOnceWhileRedisIsGone() throws Exception {
		weirs.nextMinute();
		redis.stop();
		await().until(weirs::isLost);
		Map<Integer, Integer> alone = weirs.exhaust(FLOOD);
		redis.restart();
		weirs.awaitConnected();
		Map<Integer, Integer> back = weirs.exhaust(FLOOD);
		System.out.println("Redis gone, 150 requests a minute: " + alone + ", then back: " + back);
		assertThat(alone.get(200)).isEqualTo(300);
		assertThat(back).containsOnlyKeys(429);
	}

	@Test
	void w06NoClientNoticesThatRedisIsKilledOrPausedOrBack() throws Exception {
		weirs.nextMinute();
		CompletableFuture<Map<Integer, Integer>> load = new CompletableFuture<>();
		AtomicBoolean done = new AtomicBoolean();
		BooleanSupplier until = done::get;
		Thread thread = new Thread(() -> {
			try {
				load.complete(weirs.flood(MANY, 2, until));
			}
			catch (Exception ex) {
				load.completeExceptionally(ex);
			}
		});
		thread.start();
		redis.stop();
		await().until(weirs::isLost);
		WeirServer first = weirs.get(0);
		assertThat(first.get("/actuator/health/readiness").statusCode()).isEqualTo(200);
		redis.restart();
		weirs.awaitConnected();
		redis.pause();
		try {
			await().until(weirs::isLost);
		}
		finally {
			redis.unpause();
		}
		weirs.awaitConnected();
		done.set(true);
		Map<Integer, Integer> replies = load.get();
		System.out.println("Replies while Redis was killed, started, paused and continued: " + replies);
		assertThat(replies).containsOnlyKeys(200);
	}

}
