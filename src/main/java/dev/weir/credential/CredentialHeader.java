package dev.weir.credential;

/**
 * A header that carries a credential; {@link #toString()} hides the value.
 *
 * @param name the name of the header
 * @param value the value of the header, a secret
 */
public record CredentialHeader(String name, String value) {

	static CredentialHeader bearer(String token) {
		return new CredentialHeader("Authorization", "Bearer " + token);
	}

	@Override
	public String toString() {
		return this.name + ": (hidden)";
	}

}
