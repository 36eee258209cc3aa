package dev.weir.server;

import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Generates the ids of requests: 50 random bits for each start of Weir, then a counter.
 */
final class RequestIdGenerator {

	private static final int RADIX = 32;

	private static final int RANDOM_BITS = 50;

	private final String prefix;

	private final AtomicLong count = new AtomicLong();

	RequestIdGenerator() {
		long random = new SecureRandom().nextLong() >>> (Long.SIZE - RANDOM_BITS);
		this.prefix = Long.toString(random, RADIX) + "-";
	}

	String next() {
		return this.prefix + Long.toString(this.count.incrementAndGet(), RADIX);
	}

}
