package dev.weir.failover;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;

import dev.weir.testing.VirtualTime;

/**
 * A client: its request, and the bytes that it has received.
 */
final class SimulatedClient {

	private final Schedule.Call call;

	private final VirtualTime time;

	private final MockServerHttpResponse response = new MockServerHttpResponse();

	private final List<SimulatedCall> calls = new ArrayList<>();

	private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

	private final long cameAt;

	private long replyBegunAt = -1;

	private long endedAt = -1;

	private State state = State.WAITING;

	private @Nullable Throwable error;

	private @Nullable Disposable exchange;

	private final Consumer<SimulatedClient> begins;

	/**
	 * Creates a client.
	 * @param call its call
	 * @param time the clock
	 * @param begins is run when it has the first bytes of its reply
	 */
	SimulatedClient(Schedule.Call call, VirtualTime time, Consumer<SimulatedClient> begins) {
		this.call = call;
		this.time = time;
		this.begins = begins;
		this.cameAt = time.now();
		this.response.setWriteHandler(this::receive);
	}

	void send(Mono<Void> handled) {
		this.exchange = handled.then(Mono.defer(this.response::setComplete)).subscribe((nothing) -> {
		}, (ex) -> {
			this.error = ex;
			end(State.ABORTED);
		}, () -> end(State.COMPLETE));
	}

	private Mono<Void> receive(Flux<DataBuffer> body) {
		return Mono.create((sink) -> {
			this.replyBegunAt = this.time.now();
			BaseSubscriber<DataBuffer> reader = new BaseSubscriber<>() {

				@Override
				protected void hookOnSubscribe(Subscription subscription) {
					request((SimulatedClient.this.call.pace() == 0) ? Long.MAX_VALUE : 1);
				}

				@Override
				protected void hookOnNext(DataBuffer buffer) {
					byte[] some = new byte[buffer.readableByteCount()];
					buffer.read(some);
					boolean first = SimulatedClient.this.bytes.size() == 0;
					SimulatedClient.this.bytes.writeBytes(some);
					if (first) {
						SimulatedClient.this.begins.accept(SimulatedClient.this);
					}
					if (SimulatedClient.this.call.pace() > 0) {
						SimulatedClient.this.time.after(SimulatedClient.this.call.pace() * ScriptWriter.MILLI,
								() -> request(1));
					}
				}

				@Override
				protected void hookOnComplete() {
					sink.success();
				}

				@Override
				protected void hookOnError(Throwable ex) {
					sink.error(ex);
				}

			};
			sink.onCancel(reader);
			body.subscribe(reader);
		});
	}

	/** Leaves, unless it has its reply. */
	void leave() {
		if (!isOver() && this.exchange != null) {
			end(State.LEFT);
			this.exchange.dispose();
		}
	}

	private void end(State how) {
		if (!isOver()) {
			this.state = how;
			this.endedAt = this.time.now();
		}
	}

	boolean isOver() {
		return this.state != State.WAITING;
	}

	Schedule.Call call() {
		return this.call;
	}

	MockServerHttpResponse response() {
		return this.response;
	}

	/** The calls that backends got for it, in order. */
	List<SimulatedCall> calls() {
		return this.calls;
	}

	@Nullable SimulatedCall last() {
		return this.calls.isEmpty() ? null : this.calls.get(this.calls.size() - 1);
	}

	State state() {
		return this.state;
	}

	long cameAt() {
		return this.cameAt;
	}

	/** When its reply began, or -1. */
	long replyBegunAt() {
		return this.replyBegunAt;
	}

	/** When its reply ended, or -1. */
	long endedAt() {
		return this.endedAt;
	}

	int status() {
		return (this.response.getStatusCode() != null) ? this.response.getStatusCode().value() : 200;
	}

	HttpHeaders headers() {
		return this.response.getHeaders();
	}

	byte[] bytes() {
		return this.bytes.toByteArray();
	}

	String text() {
		return this.bytes.toString(StandardCharsets.UTF_8);
	}

	@Override
	public String toString() {
		return "client " + this.call.id() + " (" + this.call.kind() + " " + this.call.model() + " pace "
				+ this.call.pace() + ", came " + SimulatedCall.ms(this.cameAt) + ", reply begun "
				+ SimulatedCall.ms(this.replyBegunAt) + ", ended " + SimulatedCall.ms(this.endedAt) + " " + this.state
				+ ((this.error != null) ? " " + this.error : "") + ")";
	}

	/** The progress of a client. */
	enum State {

		WAITING, COMPLETE, ABORTED, LEFT

	}

}
