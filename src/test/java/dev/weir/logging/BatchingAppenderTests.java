package dev.weir.logging;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.LoggingEvent;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class BatchingAppenderTests {

	private final LoggerContext context = new LoggerContext();

	@Test
	void linesAreWrittenInOrder() {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		BatchingAppender appender = appender(out);
		for (int i = 0; i < 1000; i++) {
			log(appender, "line " + i);
		}
		await().atMost(Duration.ofSeconds(10)).until(() -> text(out).endsWith("line 999\n"));
		assertThat(text(out).lines()).hasSize(1000).startsWith("line 0", "line 1");
		appender.stop();
	}

	@Test
	void allLinesAreWrittenAtTheStop() {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		BatchingAppender appender = appender(out);
		log(appender, "the last word");
		appender.stop();
		assertThat(text(out)).isEqualTo("the last word\n");
	}

	@Test
	void aBlockedConsoleDoesNotBlockAndTheNumberOfDroppedLinesIsLogged() {
		CountDownLatch readable = new CountDownLatch(1);
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		BatchingAppender appender = appender(new OutputStream() {

			@Override
			public void write(int b) {
				throw new UnsupportedOperationException();
			}

			@Override
			public void write(byte[] bytes, int from, int length) {
				try {
					readable.await();
				}
				catch (InterruptedException ex) {
					Thread.currentThread().interrupt();
				}
				out.write(bytes, from, length);
			}

		});
		String line = "x".repeat(99_999);
		for (int i = 0; i < 100; i++) {
			log(appender, line);
		}
		readable.countDown();
		await().atMost(Duration.ofSeconds(10)).until(() -> text(out).contains("log lines were dropped"));
		// twice the limit, if a batch was being written
		assertThat(out.size()).isBetween(BatchingAppender.MAX_BYTES - 200_000, 2 * BatchingAppender.MAX_BYTES + 1000);
		log(appender, "next line");
		await().atMost(Duration.ofSeconds(10)).until(() -> text(out).endsWith("next line\n"));
		appender.stop();
	}

	private BatchingAppender appender(OutputStream out) {
		PatternLayoutEncoder encoder = new PatternLayoutEncoder();
		encoder.setContext(this.context);
		encoder.setPattern("%m%n");
		encoder.start();
		BatchingAppender appender = new BatchingAppender(encoder, out);
		appender.setContext(this.context);
		appender.start();
		return appender;
	}

	private void log(BatchingAppender appender, String message) {
		appender.doAppend(new LoggingEvent("", this.context.getLogger("x"), Level.INFO, message, null, null));
	}

	private static String text(ByteArrayOutputStream out) {
		return out.toString(StandardCharsets.UTF_8);
	}

}
