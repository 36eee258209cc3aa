/**
 * The queues in which requests wait for a lane. How a lane is chosen is not here. Start
 * with {@link dev.weir.queue.WaitQueues}.
 */
@NullMarked
package dev.weir.queue;

import org.jspecify.annotations.NullMarked;
