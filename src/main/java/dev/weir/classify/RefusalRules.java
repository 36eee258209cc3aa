package dev.weir.classify;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ErrorDetails;

/**
 * Decides the subject of a refusal by its status, code and message. The first rule that
 * matches counts. {@code docs/failover.md} has the same table for users. Has no state.
 * <p>
 * Patterns match only the beginning of a message. Servers repeat parts of a request in
 * their messages, and the text of a request must not be able to set a backend aside. Only
 * {@link Subject#CONTEXT} and {@link Subject#REQUEST}, which set nothing aside, are
 * searched for in the whole message.
 */
final class RefusalRules {

	/** The status of an error in a 2xx response that names no status. */
	static final int INSIDE = 0;

	// prefixes that LiteLLM and others add to the message of the server behind them
	private static final Pattern WRAPPING = Pattern
		.compile("^(?:(?:litellm\\.)?\\w{0,60}(?:Error|Exception)\\b\\s?[:-]\\s|error:\\s|error code: [0-9]{3} - "
				+ "|authentication error, )+", Pattern.CASE_INSENSITIVE);

	// an error that LiteLLM relays from a provider; each model may have another provider
	private static final Pattern OF_PROVIDER = Pattern.compile("^\\s*litellm\\.\\w{1,60}(?:Error|Exception)\\b",
			Pattern.CASE_INSENSITIVE);

	// no known message has its reason later
	private static final int MAX_LOOKED_AT = 500;

	private static final List<RefusalRule> RULES = List.of(
			// larger than the quota, or than the credit that is left
			new RefusalRule(Subject.SIZE, Set.of(402, 413, 429), Set.of("tokens_limit_reached"),
					starting("request (?:body )?too large for ",
							"this request requires more credits, or fewer max_tokens", "prompt tokens limit exceeded")),
			new RefusalRule(Subject.CONTEXT, Set.of(400, 413, 422, 500),
					Set.of("context_length_exceeded", "exceed_context_size_error", "ContextWindowExceededError"),
					containing("maximum context length", "model's context length", "context length exceeded",
							"exceeds the context length", "maximum model length", "max_model_len", "context size",
							"context window", "prompt is too long", "input is too long for", "prompt too long",
							"input length exceeds", "too long to fit into the model",
							"exceeds the maximum number of tokens", "tokens exceed n_ctx", "maximum prompt length",
							"maximum input length is", "exceeds? (?:the )?context limit", "exceeded model token limit",
							"prompt exceeds max", "range of input length should be",
							"total number of tokens .{0,60}cannot exceed",
							"`inputs` tokens \\+ `max_new_tokens` must be",
							"`inputs` must have less than [0-9]{1,12} tokens")),
			// what another backend has made
			new RefusalRule(Subject.ELSEWHERE, Set.of(400, 404),
					Set.of("invalid_encrypted_content", "previous_response_not_found", "item_not_found"),
					starting("the encrypted content .{0,400}?could not be (?:verified|decrypted)",
							"(?:encrypted content|encrypted_content) .{0,200}?could not be (?:verified|decrypted)",
							"(?:input )?items? with ids? .{1,300}?not found",
							"previous response with id .{1,300}?not found")),
			// the budget that a gateway keeps for the user whom the request names
			new RefusalRule(Subject.REQUEST, Set.of(400, 401, 403, 429), Set.of(),
					starting("(?:exceededbudget: )?end[ -]?user\\b.{0,200}\\bover budget")),
			// the money of the account
			new RefusalRule(Subject.ACCOUNT, Set.of(400, 401, 402, 403, 412, 429),
					Set.of("insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
							"project_spend_limit_exceeded", "organization_usage_limit_exceeded",
							"billing_hard_limit_reached", "billing_not_active", "insufficient_balance",
							"insufficient_credits", "insufficient_user_quota", "exceeded_current_quota_error",
							"budget_exceeded", "Arrearage", "CreditsError", "AccountOverdueError", "1113"),
					starting("insufficient (?:account )?(?:balance|credits?|funds)",
							"(?:sorry, )?your (?:account |credit )balance", "credit (?:balance|limit)",
							"you have (?:run out of|no|insufficient) credits?", "budget has been exceeded",
							"billing hard limit", "your (?:newly created )?team .{0,80}credits",
							"your account is (?:in arrears|not active)", "out of (?:call volume|bandwidth) quota",
							"token quota is exceeded", "(?:your )?account .{1,80} is suspended", "key limit exceeded",
							"this api method requires billing", "gemini api free tier is not available")),
			new RefusalRule(Subject.ACCOUNT, Set.of(402), Set.of(), null),
			// the model
			new RefusalRule(Subject.MODEL, Set.of(400, 401, 403, 404, 410, 503),
					Set.of("DeploymentNotFound", "deployment_not_found", "model_not_found", "ModelNotFound",
							"unknown_model", "unavailable_model", "invalid_model", "model_not_available",
							"model_decommissioned", "ModelDeprecated", "model_permission_blocked_org",
							"model_permission_blocked_project", "model_terms_required", "key_model_access_denied",
							"team_model_access_denied", "user_model_access_denied", "project_model_access_denied",
							"model_not_supported", "ModelNotOpen", "Model.AccessDenied", "AllocationQuota.FreeTierOnly",
							"ENDPOINT_NOT_FOUND"),
					starting("the model [`'\"]?.{1,256}?[`'\"]? (?:does not exist|was not found|is not found)",
							"model [`'\"]?.{1,256}?[`'\"]? (?:not found|does not exist)",
							"model (?:does )?not (?:exist|found)", "no such model", "invalid model identifier",
							"deployment .{0,256}?\\bnot found", "you (?:don't|do not) have access to the model",
							"(?:unknown|invalid|unavailable) model(?: name)?(?::| passed in)",
							"project .{1,100} does not have access to model",
							"your organization must be verified to use", "the api deployment for this resource does",
							"\\S{1,256} is not a valid model id", "no endpoints found for ",
							"(?:\\{'error': ')?\\S{1,100}: invalid model name passed in model=",
							"(?:key|team|user|org) not allowed to access model", "models/\\S{1,256} is not found",
							"you are not allowed to sample from this model", "no available channel for model",
							"user .{1,100} is not authorized to access model", "model access denied",
							".{1,200} exceeded budget for model")),
			// the operation, on this model
			new RefusalRule(Subject.OPERATION, Set.of(400, 401, 403, 404, 405, 501),
					Set.of("missing_scope", "OperationNotSupported", "unknown_url"),
					starting("(?:you have )?insufficient permissions for this operation", "missing scopes?\\b",
							"unknown request url", "invalid url \\(", "unexpected endpoint or method",
							"this (?:model is|is not) .{0,60}supported in (?:the )?v1/",
							"this model is only supported in", "the model does not support .{1,60} api",
							"the \\S{1,60} operation does not work with", "no route matched",
							"cannot (?:get|head|post|put|patch|delete) ",
							"(?:virtual )?key is not allowed to call this route",
							"(?:\\w{1,20} )?not allowed to access (?:this )?route",
							"\\S{1,256} does not support (?:chat|generate|embeddings)\\b")),
			// the servers behind a gateway
			new RefusalRule(Subject.BACKEND, Set.of(400, 404), Set.of(),
					starting("(?:you passed in model=.{1,256}?\\. )?there are no healthy deployments")),
			// this request
			new RefusalRule(Subject.REQUEST, Set.of(400, 401, 403, 404, 422),
					Set.of("content_filter", "contentFilter", "content_policy_violation",
							"ResponsibleAIPolicyViolation", "policy_violation", "moderation_blocked", "invalid_prompt"),
					null),
			// the credential, or the place Weir calls from
			new RefusalRule(Subject.CREDENTIAL, Set.of(401, 403, 407),
					Set.of("invalid_api_key", "PermissionDenied", "AuthenticationTypeDisabled", "invalid_token",
							"InvalidAuthenticationToken", "ExpiredAuthenticationToken", "AuthenticationFailed",
							"authentication_error", "auth_error", "token_not_found_in_db", "expired_key",
							"InvalidApiKey", "account_deactivated", "ip_not_authorized",
							"unsupported_country_region_territory", "organization_restricted", "UNAUTHENTICATED"),
					starting("access denied due to (?:invalid|missing) subscription key", "invalid subscription key",
							"access denied due to virtual network", "public access is disabled",
							"traffic is not from an approved private endpoint", "key based authentication is disabled",
							"(?:unauthorized\\. )?access token is missing",
							"(?:incorrect|invalid|wrong|unknown|expired|revoked|missing) (?:api[ _-]?|access )?(?:key|token)\\b",
							"your api key (?:was|is|has)", "you didn't provide an api key",
							"authentication (?:error|fails|failed)", "(?:token|api key) (?:has )?expired",
							"the principal .{1,100} lacks the required", "principal does not have access",
							"(?:your )?resource has been temporarily blocked",
							"method doesn't allow unregistered callers", "request had invalid authentication",
							"invalid authentication\\b", "no (?:cookie )?auth credentials", "no api key",
							"invalid proxy server token", "permission denied: consumer",
							".{1,100} has not been used in project", "requests (?:from|to) .{1,120} (?:are|is) blocked",
							"the security token included in the request is")),
			new RefusalRule(Subject.CREDENTIAL, Set.of(400),
					Set.of("invalid_api_key", "API_KEY_INVALID", "organization_restricted", "account_deactivated",
							"Tenant provided in token does not match resource token"),
					starting("api key (?:not valid|not found|expired|invalid)", "incorrect api key",
							"token tenant .{1,100} does not match", "user location is not supported")),
			new RefusalRule(Subject.REQUEST, Set.of(401, 403), Set.of(),
					containing("content (?:policy|filter|management|moderation)", "(?:was|been|is) flagged",
							"flagged (?:for|by)", "safety (?:system|policy|filter)", "moderation",
							"usage (?:polic|guideline)", "safety check", "cachedcontent not found",
							"permission to access the (?:file|cached ?content)",
							"(?:prompt|request|input|message) (?:was|has been|is) (?:blocked|rejected|filtered|denied)",
							"blocked by (?:the |a |our )?(?:content|guardrail|policy|waf|firewall)", "prompt injection",
							"jailbreak", "not allowed to (?:generate|request) logprobs")));

	// messages of a server that does not know a path
	private static final Pattern UNKNOWN_PATH = starting(
			"(?:[0-9]{3}:? ?)?(?:the )?(?:requested )?(?:page|resource|file|path|route|url|endpoint)?(?: was| is)?"
					+ " ?not found\\W{0,3}$",
			"(?:the )?requested url", "no (?:static resource|handler|route)", "default backend",
			"(?:unknown|unsupported|invalid) (?:endpoint|path|route|url)", "method not allowed");

	private static final Set<String> UNKNOWN_PATH_CODES = Set.of("404", "not_found", "NotFound", "Not Found",
			"not_found_error", "NOT_FOUND", "NotFoundError", "ResourceNotFound", "invalid_request_error");

	private static final Set<String> RATE = Set.of("429", "rate_limit_exceeded", "rate_limit_error",
			"too_many_requests", "TooManyRequests", "RateLimitReached", "RESOURCE_EXHAUSTED");

	private static final Set<String> OF_REQUEST = Set.of("invalid_request_error", "BadRequestError",
			"INVALID_ARGUMENT");

	private RefusalRules() {
	}

	/**
	 * Decides the subject of a refusal.
	 * @param status the HTTP status, or {@link #INSIDE} for an error in a 2xx response
	 * @param error the error object of the body
	 * @param page whether the body is an HTML page
	 * @param known whether the operation is one of the API. A path that is not known is
	 * the client's error
	 * @return the subject
	 */
	static Subject subject(int status, ErrorDetails error, boolean page, boolean known) {
		String message = unwrapped(error.message());
		if (OversizedRequest.isTooLarge(message) && (status == INSIDE || status == 413 || status == 429)) {
			return Subject.SIZE;
		}
		for (RefusalRule rule : RULES) {
			if (rule.matches(status, error, message)) {
				return isElsewhere(rule.subject(), error) ? Subject.REQUEST
						: isOfProvider(rule.subject(), error) ? Subject.MODEL : rule.subject();
			}
		}
		return otherwise(status, error, message, page, known);
	}

	static List<RefusalRule> rules() {
		return RULES;
	}

	/** Whether the missing model is another one, for instance that of a tool. */
	private static boolean isElsewhere(Subject subject, ErrorDetails error) {
		String param = error.param();
		return subject == Subject.MODEL && param != null && !param.isEmpty() && !param.equals("model")
				&& !param.equals("None") && !param.equals("key");
	}

	/**
	 * Whether the error is about the credential or the credit of a gateway at the
	 * provider of one model.
	 */
	private static boolean isOfProvider(Subject subject, ErrorDetails error) {
		return (subject == Subject.CREDENTIAL || subject == Subject.ACCOUNT) && error.message() != null
				&& OF_PROVIDER.matcher(error.message()).lookingAt();
	}

	private static Subject otherwise(int status, ErrorDetails error, String message, boolean page, boolean known) {
		return switch (status) {
			case INSIDE -> inside(error);
			case 401, 403 -> page ? Subject.PAGE : Subject.UNKNOWN;
			case 404 ->
				(known && (page || isUnknownPath(error, message))) ? Subject.OPERATION_IMPLIED : Subject.REQUEST;
			case 405, 501 -> known ? Subject.OPERATION_IMPLIED : Subject.REQUEST;
			case 408 -> Subject.BACKEND;
			// 498 of Groq: no capacity for now
			case 429, 498 -> Subject.RATE;
			default -> (status >= 500) ? Subject.BACKEND : Subject.REQUEST;
		};
	}

	private static Subject inside(ErrorDetails error) {
		String code = error.code();
		if (isOneOf(RATE, error)) {
			return Subject.RATE;
		}
		boolean ofRequest = isOneOf(OF_REQUEST, error) || (code != null && code.startsWith("invalid_"));
		return ofRequest ? Subject.REQUEST : Subject.BACKEND;
	}

	private static boolean isUnknownPath(ErrorDetails error, String message) {
		String code = error.code();
		boolean bare = code == null || UNKNOWN_PATH_CODES.contains(code);
		return bare && (message.isEmpty() || UNKNOWN_PATH.matcher(message).lookingAt());
	}

	static boolean isOneOf(Set<String> names, ErrorDetails error) {
		return (error.code() != null && names.contains(error.code()))
				|| (error.type() != null && names.contains(error.type()));
	}

	private static String unwrapped(@Nullable String message) {
		if (message == null) {
			return "";
		}
		String text = message.strip();
		text = (text.length() > MAX_LOOKED_AT) ? text.substring(0, MAX_LOOKED_AT) : text;
		return WRAPPING.matcher(text).replaceFirst("").strip();
	}

	private static Pattern starting(String... patterns) {
		return Pattern.compile("(?:" + String.join("|", patterns) + ")", Pattern.CASE_INSENSITIVE);
	}

	private static Pattern containing(String... patterns) {
		return Pattern.compile("(?s:.*?)(?:" + String.join("|", patterns) + ")", Pattern.CASE_INSENSITIVE);
	}

	/** The subjects of refusals. */
	enum Subject {

		/** The size of the request, against the whole quota. */
		SIZE,

		/** The length of the request, against the context of the deployment. */
		CONTEXT,

		/** The account's credit or quota, which waiting does not restore. */
		ACCOUNT,

		/** What another backend has made, such as encrypted reasoning. */
		ELSEWHERE,

		/** The model. */
		MODEL,

		/** The operation, on this model. */
		OPERATION,

		/** The operation, as an unknown path suggests. */
		OPERATION_IMPLIED,

		/** This request and no other. */
		REQUEST,

		/** Weir's credential or network address. */
		CREDENTIAL,

		/** A 401 or 403 that gives no reason. */
		UNKNOWN,

		/** A 401 or 403 with an HTML page. */
		PAGE,

		/** The rate of requests. */
		RATE,

		/** A failure of the backend. */
		BACKEND

	}

}
