package dev.weir.config;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

import org.jspecify.annotations.Nullable;

/**
 * A credential. {@link #toString()} hides it, so that it is not printed by accident.
 */
public final class Secret {

	private final String value;

	private Secret(String value) {
		this.value = value;
	}

	/**
	 * Wraps a credential and strips surrounding white space, which environment variables
	 * and mounted files often have.
	 * @param value the credential
	 * @return the secret, possibly an {@linkplain #isEmpty() empty} one
	 */
	public static Secret of(String value) {
		return new Secret(value.strip());
	}

	/**
	 * Returns the credential itself. Write it into requests only.
	 * @return the credential
	 */
	public String reveal() {
		return this.value;
	}

	/**
	 * Whether the credential is empty, as {@code ${OPENAI1_KEY:}} is if the variable is
	 * not set.
	 * @return whether the credential is empty
	 */
	public boolean isEmpty() {
		return this.value.isEmpty();
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof Secret that && MessageDigest.isEqual(this.value.getBytes(StandardCharsets.UTF_8),
				that.value.getBytes(StandardCharsets.UTF_8));
	}

	@Override
	public int hashCode() {
		return this.value.hashCode();
	}

	@Override
	public String toString() {
		return isEmpty() ? "(none)" : "(hidden)";
	}

}
