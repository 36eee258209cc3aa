package dev.weir.backend;

import org.jspecify.annotations.Nullable;

/**
 * Why a backend refuses, and what an operator can do, for log and health.
 * 
 * @param message the backend's message, shortened and without anything that looks like a
 * key; {@code null} if there is none
 * @param cure what an operator can do
 */
public record Refusal(@Nullable String message, String cure) {

	@Override
	public String toString() {
		return ((this.message != null) ? "message: \"" + this.message + "\"; " : "no reason given; ") + this.cure;
	}

}
