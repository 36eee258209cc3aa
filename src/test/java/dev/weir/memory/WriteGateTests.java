package dev.weir.memory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.test.publisher.TestPublisher;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Elements at the pace of a connection.
 */
class WriteGateTests {

	private static final Duration LIMIT = Duration.ofSeconds(5);

	private static final String PART = "x".repeat(400);

	private final SlowChannel channel = new SlowChannel();

	private final TestPublisher<String> source = TestPublisher.create();

	private final Writer writer = new Writer();

	@BeforeEach
	void limit() {
		this.channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(500, 1000));
	}

	@AfterEach
	void close() {
		this.channel.finishAndReleaseAll();
	}

	@Test
	void elementsAreRequestedOneByOneWhileTheChannelIsWritable() {
		gate().subscribe(this.writer);
		this.source.assertMinRequested(1).next(PART).assertMinRequested(1).next(PART);
		assertThat(this.writer.written).isEqualTo(2);
	}

	@Test
	void nothingIsRequestedWhileTheChannelIsNotWritable() {
		List<Long> requests = new ArrayList<>();
		this.source.flux()
			.doOnRequest(requests::add)
			.transform((it) -> WriteGate.through(it, this.channel))
			.subscribe(this.writer);
		this.source.next(PART, PART, PART);
		assertThat(this.channel.isWritable()).isFalse();
		assertThat(requests).containsExactly(1L, 1L, 1L);
		this.channel.reading = true;
		this.channel.flush();
		assertThat(requests).containsExactly(1L, 1L, 1L, 1L);
	}

	@Test
	void theEndOfTheSourceIsPassedOn() {
		gate().subscribe(this.writer);
		this.source.next(PART).complete();
		assertThat(this.writer.end).isEqualTo("complete");
	}

	@Test
	void aChannelThatStaysUnwritableFailsTheElements() {
		gate().subscribe(this.writer);
		this.source.next(PART, PART, PART);
		this.channel.advanceTimeBy(LIMIT.toNanos() - 1, TimeUnit.NANOSECONDS);
		this.channel.runScheduledPendingTasks();
		assertThat(this.writer.end).isEmpty();
		this.channel.advanceTimeBy(1, TimeUnit.NANOSECONDS);
		this.channel.runScheduledPendingTasks();
		assertThat(this.writer.end).isEqualTo("java.lang.IllegalStateException: not writable");
		this.source.assertCancelled();
		assertThat(this.channel.pipeline().names()).hasSize(1);
	}

	@Test
	void aSlowSourceDoesNotCauseATimeout() {
		gate().subscribe(this.writer);
		this.source.next(PART);
		this.channel.advanceTimeBy(1, TimeUnit.HOURS);
		this.channel.runScheduledPendingTasks();
		assertThat(this.writer.end).isEmpty();
	}

	@Test
	void aWritableChannelStopsTheTimeout() {
		gate().subscribe(this.writer);
		this.source.next(PART, PART, PART);
		this.channel.advanceTimeBy(LIMIT.toNanos() - 1, TimeUnit.NANOSECONDS);
		this.channel.reading = true;
		this.channel.flush();
		this.channel.reading = false;
		this.channel.advanceTimeBy(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
		this.channel.runScheduledPendingTasks();
		assertThat(this.writer.end).isEmpty();
	}

	@Test
	void cancelRemovesTheHandler() {
		gate().subscribe(this.writer);
		this.source.next(PART, PART, PART);
		assertThat(this.channel.pipeline().names()).hasSize(2);
		this.writer.cancel();
		this.source.assertCancelled();
		assertThat(this.channel.pipeline().names()).hasSize(1);
	}

	private Flux<String> gate() {
		return WriteGate.through(this.source.flux(), this.channel, LIMIT,
				() -> new IllegalStateException("not writable"));
	}

	/** Writes as Reactor Netty does: requests many elements and writes each at once. */
	private final class Writer extends BaseSubscriber<String> {

		private int written;

		private String end = "";

		@Override
		protected void hookOnSubscribe(Subscription subscription) {
			subscription.request(128);
		}

		@Override
		protected void hookOnNext(String part) {
			this.written++;
			WriteGateTests.this.channel.write(Unpooled.copiedBuffer(part, StandardCharsets.UTF_8));
		}

		@Override
		protected void hookOnComplete() {
			this.end = "complete";
		}

		@Override
		protected void hookOnError(Throwable error) {
			this.end = error.toString();
		}

	}

	/** A connection whose peer reads while {@code reading} is set. */
	private static final class SlowChannel extends EmbeddedChannel {

		private boolean reading;

		SlowChannel() {
			freezeTime();
		}

		@Override
		protected void doWrite(ChannelOutboundBuffer waiting) throws Exception {
			if (this.reading) {
				super.doWrite(waiting);
			}
		}

	}

}
