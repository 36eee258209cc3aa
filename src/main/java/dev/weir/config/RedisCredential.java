package dev.weir.config;

/**
 * How Weir authenticates at Redis.
 */
public enum RedisCredential {

	/** With {@code spring.data.redis.password}, if there is one. */
	PASSWORD,

	/** With tokens of Microsoft Entra ID. */
	ENTRA

}
