package dev.weir.failover;

import java.time.Duration;
import java.util.function.Consumer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.weir.testing.RawClient;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.LaneFigures.NEITHER_ONCE;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row C1: clients that leave before or during a reply.
 */
class ClientDisconnectTests {

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(5);
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@ParameterizedTest
	@EnumSource
	void aClientThatLeavesDuringAStreamClosesTheBackendsConnectionAndIsNotAFailure(Leaving leaving)
			throws InterruptedException {
		Signal closed = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: {}\n\n");
			call.awaitClose(closed);
		}, UNUSED);
		RawClient client = stand.stream();
		client.readUntil("data: {}\n\n");
		leaving.apply(client);
		closed.await(Duration.ofSeconds(1));
		stand.awaitFirst(NEITHER_ONCE);
		assertThat(stand.second().requests()).isEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void aClientThatLeavesBeforeTheResponseClosesTheBackendsConnectionAndIsNotAFailure(Leaving leaving)
			throws InterruptedException {
		Signal called = new Signal();
		Signal closed = new Signal();
		Stand stand = stands.next((call) -> {
			called.send();
			call.awaitClose(closed);
		}, UNUSED);
		RawClient client = stand.stream();
		called.await();
		leaving.apply(client);
		closed.await(Duration.ofSeconds(1));
		stand.awaitFirst(NEITHER_ONCE);
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void aClientThatLeavesDuringTheSecondAttemptClosesItsConnection() throws InterruptedException {
		Signal called = new Signal();
		Signal closed = new Signal();
		Stand stand = stands.next(throttling("retry-after: 9"), (call) -> {
			called.send();
			call.awaitClose(closed);
		});
		RawClient client = stand.stream();
		called.await();
		client.close();
		closed.await(Duration.ofSeconds(1));
		stand.awaitFirst(NEITHER_ONCE);
		stand.awaitSecond(NEITHER_ONCE);
	}

	/** How a client leaves. */
	enum Leaving {

		FIN(RawClient::close), RST(RawClient::reset);

		private final Consumer<RawClient> action;

		Leaving(Consumer<RawClient> action) {
			this.action = action;
		}

		void apply(RawClient client) {
			this.action.accept(client);
		}

	}

}
