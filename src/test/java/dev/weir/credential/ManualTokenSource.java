package dev.weir.credential;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * A token source whose results a test provides one by one.
 */
final class ManualTokenSource implements TokenSource {

	static final Duration LIFETIME = Duration.ofHours(1);

	static final Duration REFRESH_IN = Duration.ofMinutes(55);

	private final Deque<Sinks.One<Token>> pending = new ArrayDeque<>();

	private int fetches;

	private int renewals;

	private int cancels;

	@Override
	public Mono<Token> fetch(String scope) {
		this.fetches++;
		return pendingToken();
	}

	@Override
	public Mono<Token> renew(String scope, String refused) {
		this.renewals++;
		return pendingToken();
	}

	private Mono<Token> pendingToken() {
		Sinks.One<Token> sink = Sinks.one();
		this.pending.add(sink);
		return sink.asMono().doOnCancel(() -> this.cancels++);
	}

	void succeed(String token) {
		this.pending.remove().tryEmitValue(new Token(token, REFRESH_IN, LIFETIME)).orThrow();
	}

	void fail(String message) {
		this.pending.remove().tryEmitError(new IllegalStateException(message)).orThrow();
	}

	int fetches() {
		return this.fetches;
	}

	int renewals() {
		return this.renewals;
	}

	int cancels() {
		return this.cancels;
	}

}
