package dev.weir.memory;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;

import io.netty.util.internal.PlatformDependent;
import org.jspecify.annotations.Nullable;

/**
 * How much of the memory outside the heap is used, where what waits for clients is kept.
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
	 * enough to be asked for each write.
	 * @return whether little is left
	 */
	public static boolean isScarce() {
		long limit = PlatformDependent.maxDirectMemory();
		// Netty counts what it takes past Java's own limit, where it does so
		long used = Math.max(PlatformDependent.usedDirectMemory(), (POOL != null) ? POOL.getMemoryUsed() : 0);
		return used > limit - limit / 4;
	}

}
