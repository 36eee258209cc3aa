package dev.weir.memory;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;

import io.netty.util.internal.PlatformDependent;
import org.jspecify.annotations.Nullable;

/**
 * The direct memory of the process, in which Netty keeps unsent bytes.
 */
public final class DirectMemory {

	private static final @Nullable BufferPoolMXBean POOL = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)
		.stream()
		.filter((pool) -> pool.getName().equals("direct"))
		.findFirst()
		.orElse(null);

	private DirectMemory() {
	}

	/**
	 * Whether more than three quarters of {@code -XX:MaxDirectMemorySize} are used. Cheap
	 * enough to be called for each write.
	 * @return whether direct memory is scarce
	 */
	public static boolean isScarce() {
		long limit = PlatformDependent.maxDirectMemory();
		// depending on the platform, Netty allocates outside of the pool that Java counts
		long used = Math.max(PlatformDependent.usedDirectMemory(), (POOL != null) ? POOL.getMemoryUsed() : 0);
		return used > limit - limit / 4;
	}

}
