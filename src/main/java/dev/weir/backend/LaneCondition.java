package dev.weir.backend;

import com.github.benmanes.caffeine.cache.Ticker;

/**
 * The state of one lane: its cooldowns, ramp, latency, headroom and counters. A reload of
 * the configuration creates a new {@link Lane} and hands this state over to it. Safe for
 * many threads.
 */
final class LaneCondition {

	final Cooldown cooldown;

	final Ramp ramp;

	final Latency latency;

	final Headroom headroom;

	final LaneOperations operations;

	final LastServed lastServed;

	final LaneTally tally = new LaneTally();

	final TokenTally tokens;

	volatile UsageOption usageOption = UsageOption.UNKNOWN;

	LaneCondition(Ticker ticker) {
		this.cooldown = new Cooldown(ticker);
		this.ramp = new Ramp(ticker);
		this.latency = new Latency(ticker);
		this.headroom = new Headroom(ticker);
		this.operations = new LaneOperations(ticker);
		this.lastServed = new LastServed(ticker);
		this.tokens = new TokenTally(ticker);
	}

	void onCredentialChanged() {
		this.cooldown.endIf(CooldownReason::isAboutCredential);
		this.operations.clear();
	}

}
