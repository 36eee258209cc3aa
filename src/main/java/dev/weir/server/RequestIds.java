package dev.weir.server;

import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes ids of requests: a random part for each run of Weir, 50 bits long, and a count.
 */
final class RequestIds {

	private static final int RADIX = 32;

	private static final int RANDOM_BITS = 50;

	private final String prefix;

	private final AtomicLong count = new AtomicLong();

	RequestIds() {
		long random = new SecureRandom().nextLong() >>> (Long.SIZE - RANDOM_BITS);
		this.prefix = Long.toString(random, RADIX) + "-";
	}

	String next() {
		return this.prefix + Long.toString(this.count.incrementAndGet(), RADIX);
	}

}
