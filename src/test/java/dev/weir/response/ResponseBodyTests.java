package dev.weir.response;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import dev.weir.testing.TestRequests;

import static org.assertj.core.api.Assertions.assertThat;

class ResponseBodyTests {

	private final FakeConnection connection = new FakeConnection();

	private final ResponseBody body = ResponseBody.of(this.connection, TestRequests.DIRECT, null);

	private final List<String> received = new ArrayList<>();

	@Test
	void bytesAreReadOnRequestOnly() {
		this.connection.send("one");
		this.connection.send("two");
		this.body.read(reader("r"));
		assertThat(this.connection.asked()).isZero();
		assertThat(this.received).isEmpty();
		this.body.more();
		assertThat(this.connection.asked()).isEqualTo(1);
		assertThat(this.received).containsExactly("r: one");
	}

	@Test
	void twoRequestsBeforeTheNextBytesCountAsOne() {
		this.body.read(reader("r"));
		this.body.more();
		this.body.more();
		this.connection.send("one");
		this.connection.send("two");
		assertThat(this.connection.asked()).isEqualTo(1);
		assertThat(this.received).containsExactly("r: one");
	}

	@Test
	void anEmptyBufferIsSkipped() {
		this.body.read(reader("r"));
		this.body.more();
		this.connection.send("");
		this.connection.send("one");
		assertThat(this.received).containsExactly("r: one");
	}

	@Test
	void bytesBetweenTwoReadersAreForTheNext() {
		this.body.read(reader("first"));
		this.body.more();
		this.body.release();
		this.connection.send("one");
		assertThat(this.received).isEmpty();
		this.body.read(reader("second"));
		assertThat(this.received).containsExactly("second: one");
		this.connection.send("two");
		assertThat(this.connection.asked()).isEqualTo(1);
		this.body.more();
		assertThat(this.received).containsExactly("second: one", "second: two");
	}

	@Test
	void theEndIsDeliveredOnceToTheCurrentReader() {
		this.body.read(reader("first"));
		this.body.more();
		this.connection.send("one");
		this.body.release();
		this.connection.end();
		assertThat(this.received).containsExactly("first: one");
		this.body.read(reader("second"));
		this.body.more();
		assertThat(this.received).containsExactly("first: one", "second: the end");
	}

	@Test
	void aBreakIsDeliveredWithItsCauseAfterTheBytesBefore() {
		this.body.read(reader("r"));
		this.body.more();
		this.body.release();
		this.connection.send("one");
		this.connection.fail(new IOException("reset"));
		this.body.read(reader("r"));
		assertThat(this.received).containsExactly("r: one", "r: reset");
	}

	@Test
	void aDisposedBodyClosesItsConnectionAndDetachesItsReader() {
		this.body.read(reader("r"));
		this.body.more();
		this.body.dispose();
		assertThat(this.connection.isGone()).isTrue();
		this.connection.send("one");
		this.connection.end();
		assertThat(this.received).isEmpty();
	}

	@Test
	void aConnectionThatWasReadToItsEndIsReused() {
		this.body.read(reader("r"));
		this.connection.end();
		this.body.dispose();
		assertThat(this.received).containsExactly("r: the end");
		assertThat(this.connection.isGone()).isFalse();
	}

	private BodyReader reader(String name) {
		return new BodyReader() {

			@Override
			public void onBytes(byte[] bytes) {
				ResponseBodyTests.this.received.add(name + ": " + new String(bytes, StandardCharsets.UTF_8));
			}

			@Override
			public void onEnd(@Nullable Throwable error) {
				ResponseBodyTests.this.received.add(name + ": " + ((error != null) ? error.getMessage() : "the end"));
			}

		};
	}

}
