import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jdk.jfr.consumer.RecordedClass;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/**
 * Prints a summary of a flight recording: the 20 methods that use most CPU time, alone and with their callees, and
 * the 20 places that allocate most. {@code java Profile.java RECORDING REQUESTS}
 */
public final class Profile {

	private static final int TOP = 20;

	private static final long MAX_WEIGHT = 8 * 1024 * 1024;

	private final Map<String, Long> self = new HashMap<>();

	private final Map<String, Long> owners = new HashMap<>();

	private final Map<String, Long> allocatedTypes = new HashMap<>();

	private final Map<String, Long> allocatingOwners = new HashMap<>();

	private final Map<String, Long> allocating = new HashMap<>();

	private long samples;

	private long bytes;

	public static void main(String[] args) throws IOException {
		Profile profile = new Profile();
		try (RecordingFile file = new RecordingFile(Path.of(args[0]))) {
			while (file.hasMoreEvents()) {
				profile.add(file.readEvent());
			}
		}
		profile.print(Long.parseLong(args[1]));
	}

	private void add(RecordedEvent event) {
		String type = event.getEventType().getName();
		if (event.getStackTrace() == null) {
			return;
		}
		List<RecordedFrame> frames = event.getStackTrace().getFrames();
		if (type.equals("jdk.CPUTimeSample")) {
			this.samples++;
			add(this.self, name(frames.get(0)), 1);
			add(this.owners, owner(frames), 1);
		}
		else if (type.equals("jdk.ObjectAllocationSample")) {
			long weight = event.getLong("weight");
			// a thread's first sample includes all that it has allocated before the recording
			if (weight > MAX_WEIGHT) {
				return;
			}
			this.bytes += weight;
			RecordedClass allocated = event.getClass("objectClass");
			add(this.allocatedTypes, allocated.getName(), weight);
			frames.stream()
				.filter((frame) -> !name(frame).startsWith("java."))
				.findFirst()
				.ifPresent((frame) -> add(this.allocating, name(frame) + " : " + allocated.getName(), weight));
			add(this.allocatingOwners, owner(frames), weight);
		}
	}

	/**
	 * The class that a sample is assigned to: that of the application or its libraries that is nearest to the leaf,
	 * including its calls of Java, Reactor and Netty. Sending and receiving are assigned to no class.
	 */
	private static String owner(List<RecordedFrame> frames) {
		String leaf = name(frames.get(0));
		if (leaf.startsWith("io.netty.channel.")) {
			return "(" + leaf + ")";
		}
		for (RecordedFrame frame : frames) {
			String type = frame.getMethod().getType().getName();
			if (!type.startsWith("java.") && !type.startsWith("jdk.") && !type.startsWith("sun.")
					&& !type.startsWith("io.netty.") && !type.startsWith("reactor.core.")
					&& !type.startsWith("reactor.util.")) {
				return type.replaceAll("\\$\\$Lambda.*|/0x.*", "");
			}
		}
		return "(Netty's and Reactor's own)";
	}

	private static void add(Map<String, Long> to, String key, long weight) {
		to.merge(key, weight, Long::sum);
	}

	private static String name(RecordedFrame frame) {
		return frame.getMethod().getType().getName() + "." + frame.getMethod().getName();
	}

	private void print(long requests) {
		System.out.printf("%d requests, %d samples of CPU time, %d bytes allocated per request%n", requests, this.samples,
				this.bytes / requests);
		top("CPU time, by method", this.self, this.samples, 1);
		top("CPU time, by class, with its calls of Java, Netty and Reactor", this.owners, this.samples, 3);
		top("Allocated bytes, by type", this.allocatedTypes, this.bytes, 1);
		top("Allocated bytes, by place", this.allocating, this.bytes, 1);
		top("Allocated bytes, by class, with its calls of Java, Netty and Reactor", this.allocatingOwners, this.bytes, 2);
	}

	private static void top(String title, Map<String, Long> figures, long whole, int more) {
		System.out.printf("%n%s%n", title);
		figures.entrySet()
			.stream()
			.sorted(Map.Entry.<String, Long>comparingByValue().reversed())
			.limit((long) TOP * more)
			.forEach((entry) -> System.out.printf("%6.1f %%  %s%n", 100.0 * entry.getValue() / whole,
					entry.getKey()));
	}

}
