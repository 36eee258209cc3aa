/**
 * Simulated Azure OpenAI backends for the demo and for tests: HTTP servers inside the
 * process that call no model, and throttle and stream as Azure does. Nothing of the
 * gateway is in here, and the gateway does not use it. Start with
 * {@link dev.weir.simulator.SimulatedBackend}, which needs no Spring.
 */
@NullMarked
package dev.weir.simulator;

import org.jspecify.annotations.NullMarked;
