package dev.weir.classify;

/**
 * What an operator can do about a refusal; ends a sentence in log and health.
 */
final class Cure {

	static final String ACCOUNT = "add credit to its account or raise the account's limit";

	static final String MODEL = "deploy the model there, give the credential access to it, or correct the backend's"
			+ " models";

	static final String OPERATION = "use another backend for this operation, give the credential the right to it, or"
			+ " correct the backend's url";

	static final String PART = "the client names a model of a tool, or a version of the API, that is not there";

	static final String PAGE = "a proxy or firewall in front of it may have responded: check its rules, and the"
			+ " backend's url";

	private Cure() {
	}

	/**
	 * Returns the advice for a credential that is refused.
	 * @param status the HTTP status
	 * @return the cure
	 */
	static String ofCredential(int status) {
		return (status == 403)
				? "check the rights of its api-key or of Weir's identity, and the network rules of the resource"
				: "check its api-key, or the role of Weir's identity on it";
	}

}
