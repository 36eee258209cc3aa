package dev.weir.testing;

/**
 * Bodies of requests and responses that many tests use.
 */
public final class Bodies {

	/** A chat completion request for gpt-4o. */
	public static final String CHAT = """
			{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}""";

	/** The same, streamed. */
	public static final String CHAT_STREAM = """
			{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}""";

	/** A request of the Responses API for gpt-4o, streamed. */
	public static final String RESPONSE_STREAM = """
			{"model":"gpt-4o","input":"hi","stream":true}""";

	/** A chat completion. */
	public static final String COMPLETION = """
			{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,\
			"finish_reason":"stop","message":{"role":"assistant","content":"hello"}}],"usage":{"prompt_tokens":1,\
			"completion_tokens":1,"total_tokens":2}}""";

	/** Azure's response when a deployment's quota is used up. */
	public static final String AZURE_THROTTLED = """
			{"error":{"code":"429","message":"Requests have exceeded token rate limit. Please retry after 7 seconds."}}""";

	/** OpenAI's response when an account has no credit left. */
	public static final String QUOTA_SPENT = """
			{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","param":null,\
			"code":"insufficient_quota"}}""";

	/** Azure's response when a resource has no deployment of that name. */
	public static final String NO_DEPLOYMENT = """
			{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}""";

	/** Azure's response when its content filter objects. */
	public static final String CONTENT_FILTER = """
			{"error":{"message":"The response was filtered.","type":null,"param":"prompt","code":"content_filter",\
			"status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}""";

	private Bodies() {
	}

}
