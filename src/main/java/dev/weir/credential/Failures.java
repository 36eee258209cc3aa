package dev.weir.credential;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * Says why there is no token. Of an error only the type and Entra's code are told: its
 * message may quote what a token endpoint answered.
 */
final class Failures {

	private static final Pattern ENTRA_CODE = Pattern.compile("\\bAADSTS\\d{1,9}\\b");

	private static final int MAX_DEPTH = 10;

	private Failures() {
	}

	static CredentialException describe(String scope, Throwable error) {
		return new CredentialException("No Microsoft Entra ID token for " + scope + " ("
				+ String.join(", ", kinds(error))
				+ "). Give Weir a managed identity with the role 'Cognitive Services OpenAI User' on the backend"
				+ " (AZURE_CLIENT_ID names a user-assigned one), run 'az login' on a laptop, or set the backend's"
				+ " api-key. logging.level.com.azure.identity=debug tells what was tried");
	}

	private static Set<String> kinds(Throwable error) {
		Set<String> kinds = new LinkedHashSet<>();
		@Nullable Throwable current = error;
		for (int depth = 0; current != null && depth < MAX_DEPTH; depth++) {
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
