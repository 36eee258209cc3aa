package dev.weir.credential;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when there is no credential for a backend. The message contains the correction
 * and no secret. There is no cause, whose message could contain one, and no stack trace,
 * because many requests share one failure.
 */
public final class CredentialException extends RuntimeException {

	private static final Pattern ENTRA_CODE = Pattern.compile("\\bAADSTS\\d{1,9}\\b");

	private static final int MAX_CAUSES = 10;

	CredentialException(String message) {
		super(message, null, false, false);
	}

	/**
	 * Creates the exception for a token that could not be fetched. Of an error it names
	 * only the types and Entra's codes: its message may quote the response of a token
	 * endpoint.
	 * @param scope the Entra scope
	 * @param error why the fetch failed
	 * @return the exception
	 */
	static CredentialException noToken(String scope, Throwable error) {
		return new CredentialException("No Microsoft Entra ID token for " + scope + " ("
				+ String.join(", ", kinds(error))
				+ "). Give Weir a managed identity with the role 'Cognitive Services OpenAI User' on the backend"
				+ " (AZURE_CLIENT_ID names a user-assigned one), run 'az login' on a laptop, or set the api-key of the"
				+ " backend. logging.level.com.azure.identity=debug logs every attempt");
	}

	private static Set<String> kinds(Throwable error) {
		Set<String> kinds = new LinkedHashSet<>();
		@Nullable Throwable current = error;
		for (int i = 0; current != null && i < MAX_CAUSES; i++) {
			kinds.add(current.getClass().getSimpleName());
			Matcher code = ENTRA_CODE.matcher(String.valueOf(current.getMessage()));
			if (code.find()) {
				kinds.add(code.group());
			}
			current = current.getCause();
		}
		return kinds;
	}

}
