package dev.weir.testing;

import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Records every leaked buffer that Netty's leak detection finds, from the first test on.
 */
public final class LeakRecorder implements LauncherSessionListener {

	private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();

	/**
	 * The leaks found since the last call.
	 * @return a description of each
	 */
	public static List<String> takeLeaks() {
		return Stream.generate(LEAKS::poll).takeWhile(Objects::nonNull).toList();
	}

	@Override
	public void launcherSessionOpened(LauncherSession session) {
		ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new ResourceLeakDetectorFactory() {

			@Override
			@SuppressWarnings("deprecation") // abstract in Netty, so it must be written
			public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> resource, int samplingInterval,
					long maxActive) {
				return new RecordingDetector<>(resource, samplingInterval);
			}

		});
	}

	private static final class RecordingDetector<T> extends ResourceLeakDetector<T> {

		RecordingDetector(Class<?> resource, int samplingInterval) {
			super(resource, samplingInterval);
		}

		@Override
		protected boolean needReport() {
			return true;
		}

		@Override
		protected void reportTracedLeak(String resourceType, String records) {
			LEAKS.add(resourceType + records);
			super.reportTracedLeak(resourceType, records);
		}

		@Override
		protected void reportUntracedLeak(String resourceType) {
			LEAKS.add(resourceType);
			super.reportUntracedLeak(resourceType);
		}

	}

}
