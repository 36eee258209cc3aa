package dev.weir.credential;

/**
 * A header that carries a credential; {@link #toString()} hides the value.
 *
 * @param name the header's name
 * @param value the header's value, to be written into a request and nowhere else
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
