package dev.weir.failover;

import dev.weir.backend.Pools;
import dev.weir.memory.BufferBudget;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.testing.VirtualTime;

/**
 * Failover in virtual time, for tests of other packages.
 */
public final class TestFailover {

	private TestFailover() {
	}

	/**
	 * Creates the failover.
	 * @param pools the pools
	 * @param queues where requests wait
	 * @param time the time
	 * @return the failover, with enough memory for everything
	 */
	public static Failover of(Pools pools, PoolWaitQueues queues, VirtualTime time) {
		return new Failover(pools, queues, new BufferBudget(64 * 1024 * 1024, time), time);
	}

}
