package dev.weir.backend;

import org.jspecify.annotations.Nullable;

/**
 * Why a backend refuses and what an operator can do about it, for log and health.
 *
 * @param said the backend's own words, shortened and without anything that looks like a
 * key; {@code null} if it said nothing
 * @param cure what helps
 */
public record Refusal(@Nullable String said, String cure) {

	@Override
	public String toString() {
		return ((this.said != null) ? "it says \"" + this.said + "\"; " : "it does not say why; ") + this.cure;
	}

}
