/**
 * Simulated Azure OpenAI backends: real HTTP servers inside the process that limit,
 * throttle and stream as Azure does and call no model.
 * {@link dev.weir.simulator.SimulatedBackend} is one of them and needs no Spring; under
 * the profile {@code demo} those of {@link dev.weir.simulator.SimulatorProperties} run
 * beside the gateway.
 */
@NullMarked
package dev.weir.simulator;

import org.jspecify.annotations.NullMarked;
