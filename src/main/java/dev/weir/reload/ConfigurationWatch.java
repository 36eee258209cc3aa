package dev.weir.reload;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.context.SmartLifecycle;

import dev.weir.config.load.FileFingerprints;

/**
 * Notices changed configuration files and certificates, on one thread, which also
 * performs all reloads. The files are compared five times per second, because events of
 * the file system do not arrive for mounted volumes. A change counts when two comparisons
 * in a row agree, so that a file that is being written is not read.
 */
final class ConfigurationWatch implements SmartLifecycle {

	private static final Logger logger = LoggerFactory.getLogger(ConfigurationWatch.class);

	static final long PERIOD_MILLIS = 200;

	private static final long END_LIMIT_SECONDS = 5;

	private final Reload reload;

	private final CertificateRenewal certificates;

	// the files of the configuration that was read last, valid or not
	private FileFingerprints read;

	private FileFingerprints seen;

	private @Nullable ScheduledExecutorService thread;

	private volatile boolean running;

	/**
	 * Creates the watch.
	 * @param reload reads the files
	 * @param started the files with which Weir has started
	 * @param certificates reads the certificates of the listeners
	 */
	ConfigurationWatch(Reload reload, FileFingerprints started, CertificateRenewal certificates) {
		this.reload = reload;
		this.certificates = certificates;
		this.read = started;
		this.seen = started;
	}

	@Override
	public synchronized void start() {
		ScheduledThreadPoolExecutor created = new ScheduledThreadPoolExecutor(1, (task) -> {
			Thread daemon = new Thread(task, "weir-configuration");
			daemon.setDaemon(true);
			return daemon;
		});
		// a stop waits for the running reload, not for others
		created.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
		this.thread = created;
		var unused = this.thread.scheduleWithFixedDelay(this::runSafely, PERIOD_MILLIS, PERIOD_MILLIS,
				TimeUnit.MILLISECONDS);
		this.running = true;
	}

	@Override
	public synchronized void stop() {
		if (this.thread != null) {
			this.thread.shutdown();
			awaitEnd(this.thread);
		}
		this.running = false;
	}

	// a running reload uses beans that are about to be destroyed
	private static void awaitEnd(ScheduledExecutorService executor) {
		try {
			if (!executor.awaitTermination(END_LIMIT_SECONDS, TimeUnit.SECONDS)) {
				logger.warn("A reload of the configuration is still running");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/** Starts last and stops first: a reload needs everything else. */
	@Override
	public int getPhase() {
		return Integer.MAX_VALUE;
	}

	/**
	 * Reads the files at once, whether they have changed or not.
	 * @param cause why
	 * @return the result; an error if Weir stops
	 */
	Future<Reload.Result> readNow(ReloadCause cause) {
		ScheduledExecutorService executor = this.thread;
		if (executor == null) {
			throw new IllegalStateException("Weir is not started");
		}
		return executor.submit(() -> {
			// the next comparison must not read the same files again
			this.read = FileFingerprints.of(this.reload.watchedFiles());
			this.seen = this.read;
			return this.reload.reload(cause);
		});
	}

	private void runSafely() {
		try {
			poll();
		}
		catch (RuntimeException | StackOverflowError | LinkageError ex) {
			// an error would end the comparisons for good
			logger.warn("The configuration files could not be compared", ex);
		}
	}

	/** Compares the files once. */
	void poll() {
		FileFingerprints now = FileFingerprints.of(this.reload.watchedFiles());
		if (!now.equals(this.read) && now.equals(this.seen)) {
			this.read = now;
			this.reload.reload(ReloadCause.FILES);
		}
		this.seen = now;
		this.reload.releaseRemoved();
		this.certificates.poll();
	}

}
