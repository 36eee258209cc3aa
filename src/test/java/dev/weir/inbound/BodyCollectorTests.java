package dev.weir.inbound;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;

import dev.weir.memory.BufferBudget;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Collects a body in one array and counts its bytes in the memory budget.
 */
class BodyCollectorTests {

	private final NettyDataBufferFactory factory = new NettyDataBufferFactory(UnpooledByteBufAllocator.DEFAULT);

	private final TestPublisher<DataBuffer> client = TestPublisher.create();

	private final List<ByteBuf> sent = new ArrayList<>();

	private final VirtualTime time = new VirtualTime();

	private final BufferBudget budget = new BufferBudget(100_000, this.time);

	@ParameterizedTest
	@ValueSource(longs = { -1, 9, 1, 1000 })
	void collectsTheReceivedBytesRegardlessOfTheAnnouncedLength(long length) {
		StepVerifier.create(collect(length, 1000).map((body) -> new String(body, StandardCharsets.UTF_8)))
			.then(() -> send("all ", "of", " it"))
			.then(this.client::complete)
			.expectNext("all of it")
			.verifyComplete();
		assertThat(this.sent).allMatch((buffer) -> buffer.refCnt() == 0);
	}

	@Test
	void anEmptyBodyIsEmpty() {
		StepVerifier.create(collect(-1, 10))
			.then(this.client::complete)
			.assertNext((body) -> assertThat(body).isEmpty())
			.verifyComplete();
	}

	@Test
	void countsTheReceivedBytesNotTheAnnouncedLength() {
		StepVerifier.create(collect(90_000, 90_000)).then(() -> send("x")).then(() -> {
			assertThat(this.budget.used()).isBetween(1L, 16L * 1024);
			send("x".repeat(20_000));
			assertThat(this.budget.used()).isBetween(20_001L, 40_002L);
		}).thenCancel().verify();
		this.client.assertWasCancelled();
	}

	@Test
	void aBodyThatComesByteByByteTakesNoMoreThanTwiceItsSize() {
		StepVerifier.create(collect(-1, 90_000)).then(() -> {
			for (int i = 0; i < 5000; i++) {
				send("x");
			}
			assertThat(this.budget.used()).isBetween(5000L, 10_000L);
			assertThat(this.sent).allMatch((buffer) -> buffer.refCnt() == 0);
		}).thenCancel().verify();
	}

	@Test
	void aBodyOverItsLimitIsTooLarge() {
		StepVerifier.create(collect(-1, 10))
			.then(() -> send("0123456789", "0"))
			.verifyErrorMatches((ex) -> isFull(ex, null));
		this.client.assertWasCancelled();
		assertThat(this.sent).allMatch((buffer) -> buffer.refCnt() == 0);
	}

	@Test
	void aBodyForWhichThereIsNoRoomIsRefused() {
		assertThat(this.budget.open().grow(99_995)).isTrue();
		StepVerifier.create(collect(-1, 1000))
			.then(() -> send("012345"))
			.verifyErrorMatches((ex) -> isFull(ex, "The memory for request bodies is full (weir.max-buffered)."));
		this.client.assertWasCancelled();
		assertThat(this.sent).allMatch((buffer) -> buffer.refCnt() == 0);
	}

	@Test
	void aSlowBodyMakesRoomForAnother() {
		StepVerifier.create(collect(-1, 1000)).then(() -> send("slow")).then(() -> {
			this.time.advance(Duration.ofMinutes(1));
			assertThat(this.budget.open().grow(99_999)).isTrue();
		}).verifyErrorMatches((ex) -> isFull(ex, "The memory for request bodies is full (weir.max-buffered)."));
		this.client.assertWasCancelled();
	}

	@Test
	void aBodyThatWasEvictedJustBeforeItsEndIsRefused() {
		Queue<Runnable> loop = new ArrayDeque<>();
		Mono<byte[]> body = BodyCollector.collect(this.client.flux(), -1, 1000,
				(onEvicted) -> this.budget.openUpload(() -> loop.add(onEvicted)));
		StepVerifier.create(body).then(() -> send("slow")).then(() -> {
			this.time.advance(Duration.ofMinutes(1));
			assertThat(this.budget.open().grow(99_999)).isTrue();
			this.client.complete();
		}).verifyErrorMatches((ex) -> isFull(ex, "The memory for request bodies is full (weir.max-buffered)."));
		loop.forEach(Runnable::run);
	}

	@Test
	void aCompleteBodyIsNotEvicted() {
		StepVerifier.create(collect(-1, 1000))
			.then(() -> send("whole"))
			.then(this.client::complete)
			.expectNextCount(1)
			.verifyComplete();
		this.time.advance(Duration.ofMinutes(1));
		assertThat(this.budget.open().grow(99_999)).isFalse();
	}

	private Mono<byte[]> collect(long length, int max) {
		return BodyCollector.collect(this.client.flux(), length, max, this.budget::openUpload);
	}

	private void send(String... parts) {
		for (String part : parts) {
			ByteBuf buffer = Unpooled.copiedBuffer(part, StandardCharsets.UTF_8);
			this.sent.add(buffer);
			this.client.next(this.factory.wrap(buffer));
		}
	}

	private static boolean isFull(Throwable error, @Nullable String full) {
		return error instanceof BodyLimitException limit && Objects.equals(limit.full(), full);
	}

}
