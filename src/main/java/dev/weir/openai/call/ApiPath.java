package dev.weir.openai.call;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.web.util.UriUtils;

import dev.weir.openai.body.ModelName;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;

/**
 * The parsed target of a call. Paths for backends are built from it, never from the text
 * the client sent.
 *
 * @param method the HTTP method, in upper case
 * @param dialect how the client wrote it
 * @param operation what it wants done
 * @param deployment the model in an Azure classic path, decoded; {@code null} if the path
 * names none
 * @param operationPath what follows the dialect's prefix and the deployment, still
 * encoded, for instance {@code chat/completions}
 * @param query the query without any credential, still encoded; empty if there is none
 */
public record ApiPath(String method, ClientDialect dialect, Operation operation, @Nullable String deployment,
		String operationPath, String query) {

	private static final String DEPLOYMENTS = "deployments/";

	private static final String MODELS = "models/";

	private static final String ENCODED_SLASH = "%2F";

	/** Azure's chat on the user's own data, which stands behind a deployment only. */
	private static final String EXTENDED_CHAT = "extensions/chat/completions";

	private static final String API_VERSION = "api-version";

	/** Versions of the classic API; the v1 API knows only names such as preview. */
	private static final Pattern DATED = Pattern.compile("\\s*|\\d{4}-\\d{2}-\\d{2}.*");

	private static final String API_KEY = "api-key";

	/** Resources that are named by an id, or whose operations follow a common segment. */
	private static final Pattern WITH_ID = Pattern
		.compile("^(responses|chat/completions|models|realtime|videos)/|^videos$");

	/** The API replaces no resource as a whole, and describes none by OPTIONS. */
	private static final String RESOURCE_METHODS = "GET, HEAD, POST, PATCH, DELETE";

	private static final Pattern AZURE_ONLY = Pattern
		.compile("^(deployments|operations|extensions)(/|$)|^images/generations:");

	/**
	 * What a backend keeps and serves to later calls, by the first segment of its path.
	 */
	private static final Set<String> STORED = Set.of("assistants", "batches", "chatkit", "containers", "conversations",
			"evals", "files", "fine_tuning", "organization", "projects", "skills", "threads", "uploads",
			"vector_stores", "voices");

	private static final Set<String> KNOWN = Stream.concat(Operation.paths().stream(), STORED.stream())
		.collect(Collectors.toUnmodifiableSet());

	/**
	 * Parses a request target.
	 * @param method the HTTP method, in upper case
	 * @param path the path in the form that {@link SafePath#of} gives it
	 * @param query the raw query, or {@code null}
	 * @return the parsed target
	 * @throws MalformedRequestException if the path names a model by what is no name for
	 * one
	 * @throws ApiErrorException if it has an encoded slash where no model is named, or
	 * where a server that decodes it would read another operation
	 */
	public static ApiPath parse(String method, String path, @Nullable String query) {
		ClientDialect dialect = dialectOf(path);
		String rest = path.substring(Math.min(dialect.prefix().length(), path.length()));
		if (rest.endsWith("/")) {
			rest = rest.substring(0, rest.length() - 1);
		}
		String deployment = null;
		if (dialect == ClientDialect.AZURE && rest.startsWith(DEPLOYMENTS)) {
			String named = rest.substring(DEPLOYMENTS.length());
			int end = endOfDeployment(named);
			if (isReadInTwoWays(named, end)) {
				throw SafePath.misplacedSlash();
			}
			if (end > 0) {
				deployment = ModelName.fromClient(UriUtils.decode(named.substring(0, end), StandardCharsets.UTF_8));
				rest = named.substring(end + 1);
			}
		}
		if (rest.contains(ENCODED_SLASH) && !rest.startsWith(MODELS)) {
			throw SafePath.misplacedSlash();
		}
		String clean = (query == null) ? ""
				: Query.mayHave(query, API_KEY) ? Query.of(query).without(API_KEY).toString() : query;
		return new ApiPath(method, dialect, Operation.of(method, rest), deployment, rest, clean);
	}

	/**
	 * Where the deployment's name ends, which may have slashes itself: before the longest
	 * known operation, else at the first slash.
	 * @return the index of the slash behind it, or -1 if there is none
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

	private static boolean isReadInTwoWays(String named, int end) {
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
	 * The one thing the call asks about, for instance the model in
	 * {@code /models/gpt-4o}.
	 * @return its name, decoded, or {@code null} if the call asks about all
	 */
	public @Nullable String itemId() {
		int slash = this.operationPath.indexOf('/');
		return (slash >= 0 && slash < this.operationPath.length() - 1)
				? UriUtils.decode(this.operationPath.substring(slash + 1), StandardCharsets.UTF_8) : null;
	}

	/**
	 * The methods that the path has, if the call's is not among them.
	 * @return the value of {@code allow}, or {@code null} if the call may go on; the
	 * methods of paths that Weir does not know are left to the backend
	 */
	public @Nullable String allowedMethodsIfRefused() {
		String allowed = Operation.methodsOf(this.operationPath);
		if (allowed == null && (isStored() || WITH_ID.matcher(this.operationPath).find())) {
			allowed = this.operationPath.startsWith(MODELS) ? "GET, HEAD, DELETE" : RESOURCE_METHODS;
		}
		return (allowed == null || List.of(allowed.split(", ")).contains(this.method)) ? null : allowed;
	}

	/**
	 * Whether Weir knows the operation, or the kind of resource that the path leads to.
	 * @return whether a backend that says 404 to it means more than the path
	 */
	public boolean isKnown() {
		return this.operation != Operation.OTHER || Operation.methodsOf(this.operationPath) != null || isStored()
				|| WITH_ID.matcher(this.operationPath).find() || (this.deployment == null && !fitsOpenAi())
				|| this.operationPath.equals(EXTENDED_CHAT);
	}

	/**
	 * The longest known path that this one ends with, as where a base URL was given
	 * twice.
	 * @return the path behind the dialect's prefix, or {@code null} if there is none
	 */
	public @Nullable String knownSuffix() {
		for (int slash = this.operationPath.indexOf('/'); slash >= 0; slash = this.operationPath.indexOf('/',
				slash + 1)) {
			String end = this.operationPath.substring(slash + 1);
			if (Operation.methodsOf(end) != null || STORED.contains(end)) {
				return end;
			}
		}
		return null;
	}

	/**
	 * The paths of OpenAI's API that Weir knows.
	 * @return the paths behind a dialect's prefix
	 */
	public static Set<String> knownPaths() {
		return KNOWN;
	}

	/**
	 * Writes another path the way this one was written.
	 * @param operationPath the path behind the dialect's prefix and the deployment
	 * @return the whole path
	 */
	public String withOperationPath(String operationPath) {
		String named = (this.deployment != null)
				? DEPLOYMENTS + UriUtils.encode(this.deployment, StandardCharsets.UTF_8) + "/" : "";
		return this.dialect.prefix() + named + operationPath;
	}

	/**
	 * Whether it is about what one backend stores, such as files, batches or fine-tuning
	 * jobs. Such calls are bound to no lane of a model, even if they name one.
	 * @return whether the path leads to stored resources
	 */
	public boolean isStored() {
		int slash = this.operationPath.indexOf('/');
		return this.operation == Operation.OTHER
				&& STORED.contains((slash >= 0) ? this.operationPath.substring(0, slash) : this.operationPath);
	}

	/**
	 * Whether a model in the body decides which lanes there are. That holds for the known
	 * operations which name one, and for every POST that Weir does not know, such as
	 * {@code /rerank}, unless it {@linkplain #isStored() is about stored resources}.
	 * @return whether the body must be read to know the model
	 */
	public boolean mayNameModel() {
		return this.operation.hasModel()
				|| (this.operation == Operation.OTHER && this.method.equals("POST") && !isStored());
	}

	/**
	 * Whether the call may create or change something that stays on the backend. POST and
	 * PATCH are not idempotent (RFC 9110, section 9.2.2): a backend that may have carried
	 * one out must not be asked again, and neither must another one. Operations that Weir
	 * does not know count as well; those it knows only compute an answer.
	 * @return whether the call must not be repeated once it may have been carried out
	 */
	public boolean isUnsafeToRepeat() {
		return this.operation == Operation.OTHER && (this.method.equals("POST") || this.method.equals("PATCH"));
	}

	/**
	 * Whether an OpenAI-compatible server has a place for it. Operations on a deployment
	 * that Weir does not know, and a few others of Azure's classic dialect, exist on
	 * Azure only.
	 * @return whether it can be written in OpenAI's dialect
	 */
	public boolean fitsOpenAi() {
		return this.dialect != ClientDialect.AZURE || this.operation != Operation.OTHER
				|| (this.deployment == null && !AZURE_ONLY.matcher(this.operationPath).find());
	}

	/**
	 * Whether it is a call in Azure's classic dialect without the parameter
	 * {@code api-version}, which Azure requires there.
	 * @return whether a backend of Azure's dialect must bring a version of its own
	 */
	public boolean lacksApiVersion() {
		if (this.dialect != ClientDialect.AZURE) {
			return false;
		}
		return !Query.mayHave(this.query, API_VERSION)
				|| Query.of(this.query).values(API_VERSION).stream().allMatch(String::isBlank);
	}

	/**
	 * Whether the client names the version of the API that it wants.
	 * @return whether there is a parameter {@code api-version}
	 */
	public boolean namesApiVersion() {
		return Query.mayHave(this.query, API_VERSION) && Query.of(this.query).has(API_VERSION);
	}

	/**
	 * Whether the deployment stands in the path when the call goes to Azure; the body
	 * then goes as it came.
	 * @return whether it does
	 */
	public boolean namesDeploymentOnAzure() {
		return this.deployment != null;
	}

	/**
	 * The target on an Azure OpenAI resource: classic stays classic, since its features
	 * hang on the version the client asked for; everything else is Azure's v1 API, which
	 * has no dated versions: a date left over from the classic API is dropped.
	 * @param deployment the name of the model's deployment
	 * @param apiVersion the version for the classic dialect, or {@code null} for the
	 * client's
	 * @return path and query, encoded, beginning with a slash
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
	 * The target on an OpenAI-compatible server, below the path of its base URL, which is
	 * {@code /v1} on most.
	 * @return path and query, encoded, beginning with a slash
	 */
	public String toOpenAiTarget() {
		boolean azure = this.dialect == ClientDialect.AZURE || this.dialect == ClientDialect.AZURE_V1;
		Query parameters = Query.of(this.query)
			.without(API_VERSION, azure ? (version) -> true : DATED.asMatchPredicate());
		return parameters.appendTo("/" + this.operationPath);
	}

}
