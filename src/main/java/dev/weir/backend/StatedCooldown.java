package dev.weir.backend;

import java.time.Duration;

/**
 * A cooldown that a response of a backend has asked for. It holds for each Weir that
 * calls the same lane with the same credential.
 *
 * @param pool the name of the pool
 * @param backend the name of the backend
 * @param model the model of the lane as clients know it, empty for calls that name none;
 * empty if the whole backend is in cooldown
 * @param place a hash of the address and, where it decides about the quota, of the key
 * and the deployment
 * @param whole whether the whole backend is in cooldown
 * @param reason why
 * @param duration the remaining time
 */
public record StatedCooldown(String pool, String backend, String model, String place, boolean whole,
		CooldownReason reason, Duration duration) {

	/**
	 * The same cooldown at another time.
	 * @param left the remaining time then
	 * @return the cooldown
	 */
	public StatedCooldown withDuration(Duration left) {
		return new StatedCooldown(this.pool, this.backend, this.model, this.place, this.whole, this.reason, left);
	}

}
