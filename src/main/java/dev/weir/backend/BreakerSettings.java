package dev.weir.backend;

import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;

/**
 * The settings of circuit breakers in a new configuration.
 */
public interface BreakerSettings {

	/**
	 * The settings of the circuit breaker of a backend.
	 * @param backend the name of the backend
	 * @return the settings
	 */
	CircuitBreakerConfig of(String backend);

	/**
	 * Whether the settings of a backend's circuit breaker differ from those of the
	 * current configuration.
	 * @param backend the name of the backend
	 * @return whether its circuit breaker must be replaced
	 */
	boolean isChanged(String backend);

}
