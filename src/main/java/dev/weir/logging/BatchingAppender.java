package dev.weir.logging;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import org.jspecify.annotations.Nullable;

/**
 * A Logback appender that writes lines in batches on a separate thread. A console that is
 * not read blocks the writing thread, which must not be an event loop. See
 * {@code docs/adr/0005-console-log.md} for why it is not Logback's {@code AsyncAppender}.
 * <p>
 * A line is written {@link #DELAY} after it was logged. If the console blocks, lines of
 * up to {@link #MAX_BYTES} wait; further ones are dropped, and a later line has their
 * number.
 */
final class BatchingAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {

	static final Duration DELAY = Duration.ofMillis(20);

	static final int MAX_BYTES = 4 * 1024 * 1024;

	private static final Duration STOP_TIMEOUT = Duration.ofSeconds(2);

	private final Encoder<ILoggingEvent> encoder;

	private final OutputStream out;

	private final Queue<byte[]> lines = new ConcurrentLinkedQueue<>();

	private final AtomicInteger waitingBytes = new AtomicInteger();

	private final AtomicInteger dropped = new AtomicInteger();

	private final ByteArrayOutputStream batch = new ByteArrayOutputStream();

	private @Nullable Thread writer;

	/**
	 * Creates an appender that is not started.
	 * @param encoder formats events, on the threads that log
	 * @param out the stream to write to
	 */
	BatchingAppender(Encoder<ILoggingEvent> encoder, OutputStream out) {
		this.encoder = encoder;
		this.out = out;
	}

	@Override
	public void start() {
		Thread thread = new Thread(this::run, "weir-log");
		thread.setDaemon(true);
		this.writer = thread;
		super.start();
		thread.start();
	}

	@Override
	public void stop() {
		super.stop();
		Thread thread = this.writer;
		if (thread == null) {
			return;
		}
		this.writer = null;
		LockSupport.unpark(thread);
		try {
			thread.join(STOP_TIMEOUT.toMillis());
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Override
	protected void append(ILoggingEvent event) {
		byte[] line = this.encoder.encode(event);
		int before = this.waitingBytes.getAndAdd(line.length);
		if (before + line.length > MAX_BYTES) {
			this.waitingBytes.addAndGet(-line.length);
			this.dropped.incrementAndGet();
			return;
		}
		this.lines.add(line);
		if (before == 0) {
			LockSupport.unpark(this.writer);
		}
	}

	private void run() {
		while (isStarted()) {
			if (this.waitingBytes.get() == 0) {
				LockSupport.park(this);
			}
			// further lines follow the first one without another wake-up
			LockSupport.parkNanos(this, DELAY.toNanos());
			writeOrReport();
		}
		writeOrReport();
	}

	/** Writes all lines; an error does not stop the thread. */
	private void writeOrReport() {
		try {
			write();
		}
		catch (IOException | RuntimeException | Error ex) {
			this.dropped.incrementAndGet();
			addError("Log lines could not be written", ex);
		}
		finally {
			this.batch.reset();
		}
	}

	private void write() throws IOException {
		for (byte[] line = this.lines.poll(); line != null; line = this.lines.poll()) {
			this.batch.writeBytes(line);
			this.waitingBytes.addAndGet(-line.length);
		}
		int count = this.dropped.getAndSet(0);
		if (count > 0) {
			this.batch.writeBytes(("(" + count + " log lines were dropped, because the console was too slow)\n")
				.getBytes(StandardCharsets.UTF_8));
		}
		if (this.batch.size() > 0) {
			this.batch.writeTo(this.out);
			this.out.flush();
		}
	}

}
