package dev.weir.simulator;

import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import tools.jackson.databind.JsonNode;

/**
 * Simulates the prompt cache of a backend: it keeps the beginnings of prompts, at least
 * 1,024 tokens, in steps of 128 tokens, for five minutes after their last use.
 */
final class PromptCache {

	private static final int MINIMUM_TOKENS = 1024;

	private static final int STEP_TOKENS = 128;

	private static final int MAX_STEPS = 100_000;

	private static final Duration LIFETIME = Duration.ofMinutes(5);

	private final Cache<Long, Boolean> beginnings;

	PromptCache(Clock clock) {
		this.beginnings = Caffeine.newBuilder()
			.ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
			.executor(Runnable::run)
			.expireAfterAccess(LIFETIME)
			.maximumSize(MAX_STEPS)
			.build();
	}

	/**
	 * Looks for the beginning of a prompt, and keeps the whole prompt.
	 * @param model the model, whose cache is separate
	 * @param body the fields of the request
	 * @return the number of tokens at the beginning that were cached
	 */
	long use(String model, JsonNode body) {
		String prompt = TokenEstimate.promptText(body);
		int step = STEP_TOKENS * TokenEstimate.CHARACTERS_PER_TOKEN;
		long hash = model.hashCode();
		long cached = 0;
		boolean known = true;
		for (int end = step; end <= prompt.length(); end += step) {
			for (int i = end - step; i < end; i++) {
				hash = 31 * hash + prompt.charAt(i);
			}
			known = known && this.beginnings.getIfPresent(hash) != null;
			cached = known ? end / TokenEstimate.CHARACTERS_PER_TOKEN : cached;
			this.beginnings.put(hash, true);
		}
		return (cached < MINIMUM_TOKENS) ? 0 : cached;
	}

}
