package dev.weir.shared;

import org.springframework.core.io.ClassPathResource;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * The scripts, which Redis runs as one step each. All keys of one call have the same hash
 * tag, so that they are on one server of a cluster.
 */
final class RedisScripts {

	static final RedisScript<String> BEAT = of("beat");

	static final RedisScript<String> LEASE = of("lease");

	static final RedisScript<String> COOLDOWN = of("cooldown");

	static final RedisScript<String> COOLDOWNS = of("cooldowns");

	static final RedisScript<String> PUBLISH = of("publish");

	static final RedisScript<String> OWNER = of("owner");

	static final RedisScript<String> FORGET = of("forget");

	private RedisScripts() {
	}

	private static RedisScript<String> of(String name) {
		return RedisScript.of(new ClassPathResource("redis/" + name + ".lua"), String.class);
	}

}
