package dev.weir.check;

import java.util.List;
import java.util.Locale;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.openai.error.ErrorDetails;

/**
 * Finds the reason for a refused credential by the code and the message of the backend,
 * and the cure. The texts are those of Azure OpenAI and of Azure API Management.
 */
final class CredentialAdvice {

	private static final String NETWORK = "Allow the outbound address of Weir under Networking of the resource, or give"
			+ " Weir's network a private endpoint and its DNS zone.";

	private static final List<Rule> RULES = List.of(
			new Rule("its firewall does not allow Weir's network", NETWORK,
					List.of("virtual network/firewall", "public access is disabled", "approved private endpoint",
							"ip_not_authorized")),
			new Rule("the resource is suspended", "Ask Azure's support, or the owner of the subscription.",
					List.of("temporarily blocked", "account_deactivated", "is suspended", "billing_not_active")),
			new Rule("it accepts no API keys",
					"Remove api-key, so that Weir uses Microsoft Entra ID, or allow key access on the resource.",
					List.of("authenticationtypedisabled", "key based authentication is disabled")),
			new Rule("its tenant is another one than that of Weir's identity",
					"Use an identity of the resource's tenant (AZURE_TENANT_ID), or set api-key.",
					List.of("tenant provided in token", "token tenant")),
			new Rule("Weir's identity has no role there",
					"Assign the role Cognitive Services OpenAI User on the resource to Weir's identity. It takes effect"
							+ " after some minutes.",
					List.of("permissiondenied", "principal does not have access", "lacks the required")),
			new Rule("the key is missing or wrong",
					"Use a key of this very resource: Keys and Endpoint in the Azure portal shows url and key together.",
					List.of("invalid subscription key", "missing subscription key", "invalid_api_key",
							"incorrect api key", "you didn't provide an api key", "invalid api key")));

	private CredentialAdvice() {
	}

	/**
	 * Describes a refusal.
	 * @param backend the backend
	 * @param status the status, 401 or 403
	 * @param error the error in the body
	 * @return the fault
	 */
	static Finding of(BackendProperties backend, int status, ErrorDetails error) {
		String said = (error.code() + " " + error.message()).toLowerCase(Locale.ROOT);
		for (Rule rule : RULES) {
			if (rule.texts().stream().anyMatch(said::contains)) {
				return Finding.fault(Finding.Step.CREDENTIAL, status + ": " + rule.reason(), rule.cure());
			}
		}
		boolean key = backend.apiKey() != null && !backend.apiKey().isEmpty();
		if (key) {
			return Finding.fault(Finding.Step.CREDENTIAL, status + ": the key is refused",
					"Check api-key, and api-key-header if a gateway stands in front of the backend.");
		}
		return (backend.effectiveDialect() == BackendDialect.AZURE)
				? Finding.fault(Finding.Step.CREDENTIAL, status + ": the token is refused",
						"Check the role of Weir's identity on the resource and scope, or set api-key.")
				: Finding.fault(Finding.Step.CREDENTIAL, status + ": it needs a key", "Set api-key.");
	}

	private record Rule(String reason, String cure, List<String> texts) {
	}

}
