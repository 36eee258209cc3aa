package dev.weir.ops;

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
 * Writes log lines many at a time, from a thread of its own. A console that nobody reads
 * blocks whoever writes to it, which must not be an event loop; and one write for each
 * call to a backend costs as much as a tenth of the call. Logback's own
 * {@code AsyncAppender} has a lock, wakes its thread for each line, and loses lines
 * without a word.
 * <p>
 * A line is out {@link #PAUSE} after it was logged. Lines that nobody takes are held up
 * to {@link #MAX_BYTES}; how many were lost beyond is said when there is room again.
 */
final class BatchingAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {

	static final Duration PAUSE = Duration.ofMillis(20);

	static final int MAX_BYTES = 4 * 1024 * 1024;

	private static final Duration AT_THE_END = Duration.ofSeconds(2);

	private final Encoder<ILoggingEvent> encoder;

	private final OutputStream out;

	private final Queue<byte[]> lines = new ConcurrentLinkedQueue<>();

	private final AtomicInteger held = new AtomicInteger();

	private final AtomicInteger lost = new AtomicInteger();

	private final ByteArrayOutputStream batch = new ByteArrayOutputStream();

	private @Nullable Thread writer;

	/**
	 * Makes one, to be started.
	 * @param encoder makes lines of events, on the threads that log
	 * @param out where they go
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
			thread.join(AT_THE_END.toMillis());
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Override
	protected void append(ILoggingEvent event) {
		byte[] line = this.encoder.encode(event);
		int before = this.held.getAndAdd(line.length);
		if (before + line.length > MAX_BYTES) {
			this.held.addAndGet(-line.length);
			this.lost.incrementAndGet();
			return;
		}
		this.lines.add(line);
		if (before == 0) {
			LockSupport.unpark(this.writer);
		}
	}

	private void run() {
		while (isStarted()) {
			if (this.held.get() == 0) {
				LockSupport.park(this);
			}
			// others follow the first, and wake nobody meanwhile
			LockSupport.parkNanos(this, PAUSE.toNanos());
			tryWrite();
		}
		tryWrite();
	}

	/** Whatever happens to some lines, the next ones are written. */
	private void tryWrite() {
		try {
			write();
		}
		catch (IOException | RuntimeException | Error ex) {
			this.lost.incrementAndGet();
			addError("Lines of log could not be written", ex);
		}
		finally {
			this.batch.reset();
		}
	}

	private void write() throws IOException {
		for (byte[] line = this.lines.poll(); line != null; line = this.lines.poll()) {
			this.batch.writeBytes(line);
			this.held.addAndGet(-line.length);
		}
		int missing = this.lost.getAndSet(0);
		if (missing > 0) {
			this.batch
				.writeBytes(("(" + missing + " lines of log were lost: they were not taken as fast as they came)\n")
					.getBytes(StandardCharsets.UTF_8));
		}
		if (this.batch.size() > 0) {
			this.batch.writeTo(this.out);
			this.out.flush();
		}
	}

}
