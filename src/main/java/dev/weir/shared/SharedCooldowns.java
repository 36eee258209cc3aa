package dev.weir.shared;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.backend.CooldownExchange;
import dev.weir.backend.CooldownReason;
import dev.weir.backend.StatedCooldown;

/**
 * Cooldowns of lanes and backends. Each is published with its remaining time, not with a
 * date, so that clocks need not agree; Redis keeps it for Weirs that start later.
 */
final class SharedCooldowns implements SharedPart {

	private static final String KIND = "cooldown";

	private static final JsonMapper JSON = JsonMapper.shared();

	/** Cooldowns in Redis; more would be of configurations that no longer exist. */
	private static final int MAX_STORED = 2000;

	private static final int MAX_NAME = 256;

	private static final long MAX_MILLIS = Duration.ofDays(1).toMillis();

	private final RedisLink link;

	private final CooldownExchange exchange;

	SharedCooldowns(RedisLink link, CooldownExchange exchange) {
		this.link = link;
		this.exchange = exchange;
	}

	@Override
	public String kind() {
		return KIND;
	}

	/** Publishes the cooldowns that begin here from now on. */
	void listen() {
		this.exchange.onCooldown(this::send);
	}

	private void send(StatedCooldown cooldown) {
		// the next onConnected sends those that run then
		if (this.link.isConnected()) {
			// rounded up: no Weir may call a moment too early
			long millis = Math.min(MAX_MILLIS, cooldown.duration().plusNanos(999_999).toMillis());
			String stored = JSON.writeValueAsString(Stored.of(cooldown));
			this.link
				.run(RedisScripts.COOLDOWN, List.of(key()),
						List.of(String.valueOf(millis), stored, this.link.channel(),
								this.link.message(KIND, millis + " " + stored), String.valueOf(MAX_STORED)),
						(reply) -> {
						});
		}
	}

	private String key() {
		return this.link.key("cooldowns", "running");
	}

	@Override
	public void onConnected() {
		this.link.run(RedisScripts.COOLDOWNS, List.of(key()), List.of(), this::load);
		this.exchange.current().forEach(this::send);
	}

	private void load(@Nullable String lines) {
		if (lines != null && !lines.isEmpty()) {
			for (String line : lines.split("\n")) {
				this.link.receive(KIND, line);
			}
		}
	}

	@Override
	public void onMessage(String from, String text) {
		int space = text.indexOf(' ');
		long millis = Long.parseLong(text.substring(0, space));
		Stored stored = JSON.readValue(text.substring(space + 1), Stored.class);
		if (millis <= 0 || !stored.isComplete()) {
			throw new IllegalArgumentException("not a cooldown");
		}
		this.exchange.begin(stored.toCooldown(Duration.ofMillis(Math.min(MAX_MILLIS, millis))));
	}

	/**
	 * A cooldown as it is in Redis, where its end is separate.
	 */
	private record Stored(String pool, String backend, String model, String place, boolean whole, String reason) {

		static Stored of(StatedCooldown cooldown) {
			return new Stored(cooldown.pool(), cooldown.backend(), cooldown.model(), cooldown.place(), cooldown.whole(),
					cooldown.reason().name());
		}

		boolean isComplete() {
			return isName(this.pool) && isName(this.backend) && isName(this.model) && isName(this.place)
					&& this.reason != null;
		}

		private static boolean isName(@Nullable String name) {
			return name != null && name.length() <= MAX_NAME;
		}

		StatedCooldown toCooldown(Duration left) {
			return new StatedCooldown(this.pool, this.backend, this.model, this.place, this.whole,
					CooldownReason.valueOf(this.reason), left);
		}

	}

}
