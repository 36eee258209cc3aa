package dev.weir.config;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

import org.jspecify.annotations.Nullable;

/**
 * A credential that cannot be printed by accident: {@link #toString()} hides it.
 */
public final class Secret {

	private final String value;

	private Secret(String value) {
		this.value = value;
	}

	/**
	 * Wraps a credential; surrounding white space, which environment variables and
	 * mounted files often carry, is taken off.
	 * @param value the credential
	 * @return the secret, possibly an {@linkplain #isEmpty() empty} one
	 */
	public static Secret of(String value) {
		return new Secret(value.strip());
	}

	/**
	 * Returns the credential itself, to be written into a request and nowhere else.
	 * @return the credential
	 */
	public String reveal() {
		return this.value;
	}

	/**
	 * Whether there is no credential, as with {@code ${OPENAI1_KEY:}} when the variable
	 * is not set.
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
