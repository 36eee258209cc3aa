package dev.weir.server;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Closing connections of clients that do not read.
 */
class ReplyTimeoutHandlerTests {

	private static final Duration LIMIT = Duration.ofSeconds(10);

	private final VirtualTime time = new VirtualTime();

	private boolean scarce;

	private final Client client = new Client();

	@AfterEach
	void close() {
		this.client.finishAndReleaseAll();
	}

	@Test
	void aClientThatReadsNothingIsDisconnected() {
		reply();
		pass(LIMIT.minusNanos(1));
		assertThat(this.client.isOpen()).isTrue();
		pass(Duration.ofNanos(1));
		assertThat(this.client.isOpen()).isFalse();
	}

	@Test
	void aClientThatReadsALittleStaysConnected() {
		reply();
		reply();
		for (int i = 0; i < 20; i++) {
			this.client.read = 1;
			this.client.flush();
			pass(LIMIT);
			assertThat(this.client.isOpen()).isTrue();
		}
	}

	@Test
	void aClientWithoutWaitingBytesStaysConnected() {
		this.client.read = 1000;
		reply();
		pass(Duration.ofHours(1));
		assertThat(this.client.isOpen()).isTrue();
	}

	@Test
	void theTimeoutStartsWhenBytesWait() {
		this.client.read = 1000;
		reply();
		pass(LIMIT.minusNanos(1));
		this.client.read = 0;
		reply();
		pass(LIMIT.minusNanos(1));
		assertThat(this.client.isOpen()).isTrue();
		pass(Duration.ofNanos(1));
		assertThat(this.client.isOpen()).isFalse();
	}

	@Test
	void whileMemoryIsScarceTheLongestStalledClientIsDisconnected() {
		Client reads = new Client();
		Client longer = new Client();
		Client shorter = new Client();
		for (Client slow : new Client[] { reads, longer, shorter }) {
			reply(slow);
			this.time.advance(ReplyTimeoutHandler.GRACE.dividedBy(2));
		}
		reads.read = 1;
		reads.flush();
		this.scarce = true;
		reply();
		assertThat(longer.isOpen()).isFalse();
		reply();
		assertThat(shorter.isOpen()).as("stalled for less than the grace time").isTrue();
		this.time.advance(ReplyTimeoutHandler.GRACE);
		reply();
		assertThat(shorter.isOpen()).isFalse();
		assertThat(this.client.isOpen()).isTrue();
		assertThat(reads.isOpen()).isTrue();
		this.scarce = false;
		reply();
		assertThat(reads.isOpen()).isTrue();
		reads.finishAndReleaseAll();
	}

	private void reply() {
		reply(this.client);
	}

	private static void reply(Client client) {
		client.writeAndFlush(Unpooled.copiedBuffer("x".repeat(100), StandardCharsets.UTF_8));
	}

	private void pass(Duration time) {
		this.client.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
		this.client.runScheduledPendingTasks();
	}

	/** A connection whose client reads the number of bytes that the test sets. */
	private final class Client extends EmbeddedChannel {

		private int read;

		Client() {
			super(new ReplyTimeoutHandler(LIMIT, () -> ReplyTimeoutHandlerTests.this.scarce,
					ReplyTimeoutHandlerTests.this.time));
			freezeTime();
		}

		@Override
		protected void doWrite(ChannelOutboundBuffer waiting) {
			while (this.read > 0 && waiting.current() instanceof ByteBuf buffer) {
				int count = Math.min(this.read, buffer.readableBytes());
				this.read -= count;
				waiting.removeBytes(count);
			}
		}

	}

}
