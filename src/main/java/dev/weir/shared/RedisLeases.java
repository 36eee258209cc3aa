package dev.weir.shared;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.client.limit.LimitLeases;

/**
 * Leases of limits in Redis: one hash for each limit and window, which the script
 * {@code lease.lua} changes.
 */
final class RedisLeases implements LimitLeases, SharedPart {

	private static final String KIND = "shortage";

	private static final JsonMapper JSON = JsonMapper.shared();

	/** How long others need to return what they do not use. */
	private static final Duration RETURN = Duration.ofMillis(30);

	private final RedisLink link;

	private final Scheduler timers;

	private volatile @Nullable Listener listener;

	RedisLeases(RedisLink link, Scheduler timers) {
		this.link = link;
		this.timers = timers;
	}

	@Override
	public String kind() {
		return KIND;
	}

	@Override
	public long connection() {
		return this.link.connection();
	}

	@Override
	public @Nullable Division division(long minute) {
		return this.link.division(minute);
	}

	@Override
	public void request(Request request, Consumer<@Nullable Reply> onReply) {
		Division division = request.division();
		List<String> arguments = List.of(this.link.id(), String.valueOf(request.limit()),
				String.valueOf(request.part()), String.valueOf(division.members()), division.member() ? "1" : "0",
				String.valueOf(request.used()), String.valueOf(request.wanted()),
				// a window is read during the next one, too
				String.valueOf(2 * request.windowMillis() + Duration.ofMinutes(1).toMillis()),
				String.valueOf(request.used() - request.reserved()));
		this.link.run(RedisScripts.LEASE,
				List.of(key(request.key(), request.window()), key(request.key(), request.window() - 1)), arguments,
				(reply) -> onReply.accept((reply != null) ? parse(reply) : null));
	}

	private String key(Key limit, long window) {
		return this.link.key(hash(limit.client()), "limit:" + limit.property() + ":"
				+ (limit.model().isEmpty() ? "" : hash(limit.model())) + ":" + window);
	}

	private static String hash(String name) {
		try {
			byte[] hash = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
			return HexFormat.of().formatHex(hash, 0, 12);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static @Nullable Reply parse(String reply) {
		String[] numbers = reply.split(" ");
		return (numbers.length == 5) ? new Reply(Long.parseLong(numbers[0]), Long.parseLong(numbers[1]),
				Long.parseLong(numbers[2]), Long.parseLong(numbers[3]), Long.parseLong(numbers[4])) : null;
	}

	@Override
	public void askOthers(Key key, long window, Runnable onReturned) {
		this.link.publish(KIND, JSON.writeValueAsString(new Shortage(key, window)));
		Disposable unused = this.timers.schedule(onReturned, RETURN.toMillis(), TimeUnit.MILLISECONDS);
	}

	@Override
	public void listen(Listener next) {
		this.listener = next;
	}

	@Override
	public void onConnected() {
		if (this.listener != null) {
			this.listener.onConnected();
		}
	}

	@Override
	public void onTick() {
		if (this.listener != null) {
			this.listener.onTick();
		}
	}

	@Override
	public void onMessage(String from, String text) {
		Shortage shortage = JSON.readValue(text, Shortage.class);
		Key key = shortage.key();
		if (key == null || key.client() == null || key.property() == null || key.model() == null) {
			throw new IllegalArgumentException("not a limit");
		}
		if (this.listener != null) {
			// of two that are short at the same time, one must give way
			this.listener.onShortage(key, shortage.window(), from.compareTo(this.link.id()) < 0);
		}
	}

	private record Shortage(Key key, long window) {
	}

}
