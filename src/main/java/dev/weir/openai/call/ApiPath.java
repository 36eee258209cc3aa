package dev.weir.openai.call;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.web.util.UriUtils;

import dev.weir.openai.body.ModelName;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stored.StoredOperation;

/**
 * The parsed path and query of a call. Targets on backends are built from this, never
 * from the text that the client sent.
 *
 * @param method the HTTP method, in upper case
 * @param dialect the dialect of the path
 * @param operation the operation
 * @param deployment the model in an Azure classic path, decoded; {@code null} if the path
 * has none
 * @param operationPath the path after the dialect's prefix and the deployment, encoded,
 * such as {@code chat/completions}
 * @param query the query without credentials, encoded; empty if there is none
 */
public record ApiPath(String method, ClientDialect dialect, Operation operation, @Nullable String deployment,
		String operationPath, String query) {

	private static final String DEPLOYMENTS = "deployments/";

	private static final String MODELS = "models/";

	private static final String ENCODED_SLASH = "%2F";

	/** Azure's chat on the user's own data, which exists only on a deployment. */
	private static final String EXTENDED_CHAT = "extensions/chat/completions";

	private static final String API_VERSION = "api-version";

	/** Versions of the classic API; the v1 API has only names such as preview. */
	private static final Pattern DATED = Pattern.compile("\\s*|\\d{4}-\\d{2}-\\d{2}.*");

	private static final String API_KEY = "api-key";

	private static final String DEPLOYMENT = "deployment";

	/** The second and third are of the API before its general availability. */
	private static final Set<String> EPHEMERAL = Set.of("realtime/client_secrets", "realtime/sessions",
			"realtime/transcription_sessions");

	private static final String MODEL = "model";

	private static final String CALL_ID = "call_id";

	/** Operations that store something, and run a model. */
	private static final Pattern RUNS_MODEL = Pattern
		.compile("realtime/client_secrets|realtime/calls|realtime/calls/[^/]+/accept|videos|video/generations/jobs");

	/** Operations that return the result of an earlier call, with the usage of that. */
	private static final Pattern EARLIER_RESULT = Pattern
		.compile("(responses|chat/completions|batches|threads/[^/]+/runs)/[^/]+(/cancel)?");

	private static final Pattern AZURE_ONLY = Pattern
		.compile("^(deployments|operations|extensions)(/|$)|^images/generations:");

	/**
	 * Parses a request target.
	 * @param method the HTTP method, in upper case
	 * @param path the path in the form that {@link SafePath#of} gives it
	 * @param query the raw query, or {@code null}
	 * @return the parsed target
	 * @throws MalformedRequestException if the name of the model in the path is not valid
	 * @throws ApiErrorException if the path has an encoded slash where no model stands,
	 * or where a server that decodes it would see another operation; or if a segment of a
	 * known path has another case
	 */
	public static ApiPath parse(String method, String path, @Nullable String query) {
		String corrected = PathSpelling.corrected(path);
		if (corrected != null) {
			throw PathSpelling.misspelt(method, path, corrected);
		}
		ClientDialect dialect = dialectOf(path);
		String operationPath = path.substring(Math.min(dialect.prefix().length(), path.length()));
		if (operationPath.endsWith("/")) {
			operationPath = operationPath.substring(0, operationPath.length() - 1);
		}
		String deployment = null;
		if (dialect == ClientDialect.AZURE && operationPath.startsWith(DEPLOYMENTS)) {
			String named = operationPath.substring(DEPLOYMENTS.length());
			int end = endOfDeployment(named);
			if (isAmbiguous(named, end)) {
				throw SafePath.misplacedSlash();
			}
			if (end > 0) {
				deployment = ModelName.fromClient(UriUtils.decode(named.substring(0, end), StandardCharsets.UTF_8));
				operationPath = named.substring(end + 1);
			}
		}
		if (operationPath.contains(ENCODED_SLASH) && !operationPath.startsWith(MODELS)) {
			throw SafePath.misplacedSlash();
		}
		String clean = (query == null) ? ""
				: Query.mayHave(query, API_KEY) ? Query.of(query).without(API_KEY).toString() : query;
		return new ApiPath(method, dialect, Operation.of(method, operationPath), deployment, operationPath, clean);
	}

	/**
	 * Finds the end of the deployment's name, which may contain slashes: it ends before
	 * the longest known operation, else at the first slash.
	 * @return the index of the slash after the name, or -1 if there is none
	 */
	private static int endOfDeployment(String named) {
		int first = named.indexOf('/');
		int end = first;
		for (int i = first; i >= 0; i = named.indexOf('/', i + 1)) {
			if (i > 0 && isKnownBehindDeployment(named.substring(i + 1))) {
				end = i;
				break;
			}
		}
		return (end > 0) ? end : -1;
	}

	private static boolean isKnownBehindDeployment(String operation) {
		return Operation.of("POST", operation) != Operation.OTHER || operation.equals(EXTENDED_CHAT);
	}

	private static boolean isAmbiguous(String named, int end) {
		if (!named.contains(ENCODED_SLASH)) {
			return false;
		}
		String decoded = named.replace(ENCODED_SLASH, "/");
		int otherEnd = endOfDeployment(decoded);
		return Operation.of("POST", named.substring(end + 1)) != Operation.of("POST", decoded.substring(otherEnd + 1));
	}

	private static ClientDialect dialectOf(String path) {
		for (ClientDialect dialect : new ClientDialect[] { ClientDialect.AZURE_V1, ClientDialect.AZURE,
				ClientDialect.OPENAI }) {
			if (path.startsWith(dialect.prefix())) {
				return dialect;
			}
		}
		return ClientDialect.ROOT;
	}

	/**
	 * The id after the first segment, such as the model in {@code /models/gpt-4o}.
	 * @return the id, decoded, or {@code null} if there is none
	 */
	public @Nullable String itemId() {
		int slash = this.operationPath.indexOf('/');
		return (slash >= 0 && slash < this.operationPath.length() - 1)
				? UriUtils.decode(this.operationPath.substring(slash + 1), StandardCharsets.UTF_8) : null;
	}

	/**
	 * The methods of the path, if the method of the call is not one of them.
	 * @return the value for the header {@code allow}, or {@code null} if the method is
	 * allowed or the path is unknown to Weir
	 */
	public @Nullable String allowedMethodsIfRefused() {
		String allowed = PathCatalog.methodsOf(this.operationPath);
		return (allowed == null || List.of(allowed.split(", ")).contains(this.method)) ? null : allowed;
	}

	/**
	 * Whether Weir knows the operation or the resource of the path. Then a 404 of a
	 * backend means more than an unknown path.
	 * @return whether the path is known
	 */
	public boolean isKnown() {
		return this.operation != Operation.OTHER || PathCatalog.methodsOf(this.operationPath) != null
				|| storedOperation() != null || (this.deployment == null && !fitsOpenAi())
				|| this.operationPath.equals(EXTENDED_CHAT);
	}

	/**
	 * The longest known path that this path ends with, for instance after a base URL that
	 * was configured twice.
	 * @return the path after the dialect's prefix, or {@code null} if there is none
	 */
	public @Nullable String knownSuffix() {
		return PathCatalog.suffixOf(this.operationPath);
	}

	/**
	 * The paths of OpenAI's API that Weir knows.
	 * @return the paths after a dialect's prefix
	 */
	public static Set<String> knownPaths() {
		return PathCatalog.ALL;
	}

	/** The paths that issue ephemeral keys, after a dialect's prefix. */
	static Set<String> ephemeralPaths() {
		return EPHEMERAL;
	}

	/**
	 * Writes another operation in the dialect of this path.
	 * @param operationPath the path after the dialect's prefix and the deployment
	 * @return the whole path
	 */
	public String withOperationPath(String operationPath) {
		String named = (this.deployment != null)
				? DEPLOYMENTS + UriUtils.encode(this.deployment, StandardCharsets.UTF_8) + "/" : "";
		return this.dialect.prefix() + named + operationPath;
	}

	/**
	 * A call of another operation in the same dialect, with the same method.
	 * @param operationPath the path after the dialect's prefix, encoded
	 * @param query the query
	 * @return the path and query of that call
	 */
	public ApiPath with(String operationPath, Query query) {
		return new ApiPath(this.method, this.dialect, Operation.of(this.method, operationPath), null, operationPath,
				query.toString());
	}

	/**
	 * Writes a path of a backend in the dialect of this path, for a client that reads it
	 * from the reply.
	 * @param target a path of the backend
	 * @return path and query, encoded, starting with a slash
	 */
	public String locationOf(ApiPath target) {
		boolean versioned = this.dialect == ClientDialect.AZURE || this.dialect == ClientDialect.AZURE_V1;
		Query parameters = Query.of(target.query());
		return (versioned ? parameters : parameters.without(API_VERSION))
			.appendTo(this.dialect.prefix() + target.operationPath());
	}

	/**
	 * Whether the path leads to resources that one backend stores, such as files, batches
	 * or fine-tuning jobs. A model in such a call does not decide about the lane.
	 * @return whether the path leads to stored resources
	 */
	public boolean isStored() {
		return this.operation == Operation.OTHER && PathCatalog.isStored(this.operationPath);
	}

	/**
	 * The operation on stored objects, if this is one.
	 * @return the operation, or {@code null} if it has nothing to do with stored objects
	 */
	public @Nullable StoredOperation storedOperation() {
		// each message on the WebSocket is the body of such a request
		String effective = (this.operation == Operation.RESPONSES_SOCKET) ? "POST" : this.method;
		return StoredOperation.of(effective, this.operationPath);
	}

	/**
	 * The stored objects that the path and the query name.
	 * @return the objects, in order
	 */
	public List<NamedObject> objects() {
		StoredOperation stored = storedOperation();
		if (stored == null) {
			return List.of();
		}
		String parameter = stored.callParameter();
		if (parameter != null && Query.mayHave(this.query, parameter)) {
			return Query.of(this.query)
				.values(parameter)
				.stream()
				.map((id) -> StoredObject.of(ObjectKind.REALTIME_CALL, id))
				.filter(Objects::nonNull)
				.map((object) -> new NamedObject(object, parameter, true))
				.toList();
		}
		return stored.namesObject() ? stored.objectsInPath(Stream.of(this.operationPath.split("/"))
			.map((segment) -> UriUtils.decode(segment, StandardCharsets.UTF_8))
			.toList()) : List.of();
	}

	/**
	 * Whether a model in the body decides about the lanes. This holds for known
	 * operations with a model, and for every unknown POST, such as {@code /rerank}, that
	 * does not lead to {@linkplain #isStored() stored resources}.
	 * @return whether the body must be read to know the model
	 */
	public boolean mayNameModel() {
		return this.operation.hasModel()
				|| (this.operation == Operation.OTHER && this.method.equals("POST") && !isStored());
	}

	/**
	 * Whether the body may name a model or stored objects. If clients are configured, it
	 * must be read and understood then.
	 * @return whether it may
	 */
	public boolean mayNameInBody() {
		if (mayNameModel()) {
			return true;
		}
		StoredOperation stored = storedOperation();
		return stored != null && stored.request() != IdShape.NONE;
	}

	/**
	 * Whether the path or the query has a text in the place of an id that cannot be one,
	 * since it is blank or too long. There is no such object.
	 * @return whether not all of them are among the {@link #objects()}
	 */
	public boolean namesImpossibleObject() {
		StoredOperation stored = storedOperation();
		if (stored == null) {
			return false;
		}
		String parameter = stored.callParameter();
		long ids = (parameter != null) ? Query.of(this.query).values(parameter).size() : stored.idsInPath();
		return ids > objects().size();
	}

	/**
	 * Whether the call reads something below the collections of stored objects that is
	 * neither a known object nor a list of OpenAI's API. Weir cannot know to which
	 * clients it belongs.
	 * @return whether it is such a GET or HEAD
	 */
	public boolean isUnknownRead() {
		if (this.operation != Operation.OTHER || !(this.method.equals("GET") || this.method.equals("HEAD"))
				|| !PathCatalog.hasStoredObjects(this.operationPath)) {
			return false;
		}
		StoredOperation stored = storedOperation();
		return stored == null || (this.deployment != null && stored.placement() == StoredOperation.Placement.ALL);
	}

	/**
	 * Whether the backend chooses the model that the call runs, if the call names none.
	 * @return whether a client that may use some models only must name it
	 */
	public boolean runsUnnamedModel() {
		return switch (this.operation) {
			case REALTIME -> !Query.of(this.query).has(CALL_ID);
			case OTHER -> !isKnown() || (this.method.equals("POST") && !isStored()
					&& (storedOperation() == null || RUNS_MODEL.matcher(this.operationPath).matches()));
			default -> this.operation.hasModel();
		};
	}

	/**
	 * Whether a usage in the response to the call is its own. To read, change or cancel
	 * the result of an earlier call uses no tokens, but the response repeats the usage of
	 * that call.
	 * @return whether the reported tokens were used by this call
	 */
	public boolean usesTokens() {
		return this.operation != Operation.OTHER
				|| (this.method.equals("POST") && !EARLIER_RESULT.matcher(this.operationPath).matches());
	}

	/**
	 * Whether the call must not be repeated, on any backend, once a backend may have
	 * executed it: POST and PATCH are not idempotent (RFC 9110, section 9.2.2). The
	 * operations that Weir knows are excepted, since they store nothing.
	 * @return whether the call may create or change something stored
	 */
	public boolean isUnsafeToRepeat() {
		return this.operation == Operation.OTHER && (this.method.equals("POST") || this.method.equals("PATCH"));
	}

	/**
	 * Whether the call can be sent to an OpenAI-compatible server. Unknown operations on
	 * a deployment, and a few others of Azure's classic dialect, exist on Azure only.
	 * @return whether the call can be written in OpenAI's dialect
	 */
	public boolean fitsOpenAi() {
		return this.dialect != ClientDialect.AZURE || this.operation != Operation.OTHER
				|| (this.deployment == null && !AZURE_ONLY.matcher(this.operationPath).find());
	}

	/**
	 * Whether the call is in Azure's classic dialect but lacks the parameter
	 * {@code api-version}, which Azure requires there.
	 * @return whether the backend's configuration must provide the version
	 */
	public boolean lacksApiVersion() {
		if (this.dialect != ClientDialect.AZURE) {
			return false;
		}
		return !Query.mayHave(this.query, API_VERSION)
				|| Query.of(this.query).values(API_VERSION).stream().allMatch(String::isBlank);
	}

	/**
	 * Whether the client asks for a version of the API.
	 * @return whether there is a parameter {@code api-version}
	 */
	public boolean namesApiVersion() {
		return Query.mayHave(this.query, API_VERSION) && Query.of(this.query).has(API_VERSION);
	}

	/**
	 * The query of another call in the same version of the API.
	 * @return the parameter {@code api-version} with its value, or {@code null} if the
	 * client names none
	 */
	public @Nullable String apiVersionQuery() {
		return namesApiVersion() ? Query.of(this.query).only(API_VERSION).toString() : null;
	}

	/**
	 * Whether the target on Azure contains the deployment. The body is then sent
	 * unchanged.
	 * @return whether the path has a deployment
	 */
	public boolean namesDeploymentOnAzure() {
		return this.deployment != null;
	}

	/**
	 * Returns the path as that of a WebSocket handshake.
	 * @return the path, or {@code null} if the API has no WebSocket there
	 */
	public @Nullable ApiPath toHandshake() {
		Operation handshake = (this.deployment == null && this.method.equals("GET"))
				? Operation.ofHandshake(this.operationPath) : null;
		return (handshake != null)
				? new ApiPath(this.method, this.dialect, handshake, null, this.operationPath, this.query) : null;
	}

	/**
	 * The model in the query, where realtime sessions name it: {@code deployment} in
	 * Azure's classic form, else {@code model}.
	 * @return the model, or {@code null} if there is none
	 * @throws MalformedRequestException if the name is not valid
	 * @throws ApiErrorException if the query names two models
	 */
	public @Nullable String queryModel() {
		Query parameters = Query.of(this.query);
		Set<String> names = new LinkedHashSet<>(parameters.values(DEPLOYMENT));
		names.addAll(parameters.values(MODEL));
		names.removeIf(String::isBlank);
		if (names.size() > 1) {
			throw new ApiErrorException(
					ApiError.invalid(400, "The query names more than one model.", MODEL, "invalid_query"));
		}
		return names.isEmpty() ? null : ModelName.fromClient(names.iterator().next());
	}

	/**
	 * Whether the call asks for an ephemeral key of a realtime session. The key belongs
	 * to the backend that issues it.
	 * @return whether the reply has a key
	 */
	public boolean issuesKey() {
		return this.method.equals("POST") && EPHEMERAL.contains(this.operationPath);
	}

	/**
	 * Whether the body has the configuration of a realtime session, which names the
	 * model.
	 * @return whether it asks for an ephemeral key, or begins a call over WebRTC
	 */
	public boolean hasSession() {
		return issuesKey() || (this.method.equals("POST") && this.operationPath.equals("realtime/calls"));
	}

	/**
	 * Whether the call may have an ephemeral key in place of a client's key.
	 * @return whether it opens a realtime session or belongs to a realtime call
	 */
	public boolean takesKey() {
		return this.operation == Operation.REALTIME || this.operationPath.equals("realtime/calls")
				|| this.operationPath.startsWith("realtime/calls/");
	}

	/**
	 * Whether the query has a parameter that makes a model unnecessary: a session for
	 * transcription, or one that belongs to a running call.
	 * @return whether there is an {@code intent} or a {@code call_id}
	 */
	public boolean needsNoQueryModel() {
		Query parameters = Query.of(this.query);
		return parameters.has("intent") || parameters.has(CALL_ID);
	}

	/**
	 * Replaces the model in the query of a realtime session.
	 * @param name the name of the model on the backend; empty to change nothing
	 * @param azure whether the backend is an Azure OpenAI resource, which keeps the
	 * classic form
	 * @return the path for the backend; paths of other operations do not change
	 */
	public ApiPath withQueryModel(String name, boolean azure) {
		if (this.operation != Operation.REALTIME || name.isEmpty()) {
			return this;
		}
		String parameter = (azure && this.dialect == ClientDialect.AZURE) ? DEPLOYMENT : MODEL;
		Query replaced = Query.of(this.query).without(DEPLOYMENT).without(MODEL).with(parameter, name);
		return new ApiPath(this.method, this.dialect, this.operation, this.deployment, this.operationPath,
				replaced.toString());
	}

	/**
	 * Writes the target on an Azure OpenAI resource. A classic call stays classic, since
	 * its features depend on the version the client asked for. All others use Azure's v1
	 * API, which has no dated versions, so a date is dropped.
	 * @param deployment the name of the deployment
	 * @param apiVersion the version for the classic dialect, or {@code null} for the
	 * client's
	 * @return path and query, encoded, starting with a slash
	 */
	public String toAzureTarget(String deployment, @Nullable String apiVersion) {
		if (this.dialect == ClientDialect.AZURE) {
			String prefix = ClientDialect.AZURE.prefix();
			if (this.deployment != null) {
				prefix += DEPLOYMENTS + UriUtils.encode(deployment, StandardCharsets.UTF_8) + "/";
			}
			if (apiVersion == null) {
				return this.query.isEmpty() ? prefix + this.operationPath
						: prefix + this.operationPath + "?" + this.query;
			}
			return Query.of(this.query)
				.without(API_VERSION)
				.with(API_VERSION, apiVersion)
				.appendTo(prefix + this.operationPath);
		}
		Query parameters = Query.of(this.query).without(API_VERSION, DATED.asMatchPredicate());
		if (this.operation.isPreviewInAzureV1() && !parameters.has(API_VERSION)) {
			parameters = parameters.with(API_VERSION, "preview");
		}
		return parameters.appendTo(ClientDialect.AZURE_V1.prefix() + this.operationPath);
	}

	/**
	 * Writes the target on an OpenAI-compatible server, relative to the path of its base
	 * URL, which is {@code /v1} on most servers.
	 * @return path and query, encoded, starting with a slash
	 */
	public String toOpenAiTarget() {
		boolean azure = this.dialect == ClientDialect.AZURE || this.dialect == ClientDialect.AZURE_V1;
		Query parameters = Query.of(this.query)
			.without(API_VERSION, azure ? (version) -> true : DATED.asMatchPredicate());
		return parameters.appendTo("/" + this.operationPath);
	}

}
