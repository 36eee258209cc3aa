package dev.weir.credential;

/**
 * There is no credential for a backend. The message says what to do about it and holds no
 * secret. There is no cause, whose message might hold one, and no stack trace, since many
 * requests may share one failure.
 */
public final class CredentialException extends RuntimeException {

	CredentialException(String message) {
		super(message, null, false, false);
	}

}
