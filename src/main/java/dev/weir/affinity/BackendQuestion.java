package dev.weir.affinity;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

import io.netty.handler.codec.http.HttpHeaderNames;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;

import org.springframework.http.HttpHeaders;
import org.springframework.web.util.UriUtils;

import dev.weir.backend.Backend;
import dev.weir.backend.Pool;
import dev.weir.config.BackendDialect;
import dev.weir.credential.CredentialHeader;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.call.ClientDialect;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.call.Query;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stream.IdReader;
import dev.weir.upstream.BackendEndpoints;
import dev.weir.upstream.RequestHeaders;

/**
 * The request that asks a backend whether it has an object: {@code GET} of the object, in
 * the dialect and the version of the client's call. The beginning of the response is
 * enough: the id is among the first properties.
 *
 * @param pool the pool of the client's request
 * @param backends the backends to ask
 * @param leftOut the names of those that cannot be asked in the dialect and version of
 * the call
 * @param call the path of the client's request
 * @param headers the headers of the client's request, of which a backend gets those that
 * switch on previews
 * @param object the object, of a kind that can be asked for
 */
record BackendQuestion(Pool pool, List<Backend> backends, List<String> leftOut, ApiPath call, HttpHeaders headers,
		StoredObject object) {

	private static final Logger logger = LoggerFactory.getLogger(BackendQuestion.class);

	/** Ids are part of a path here, so nothing that could change the path. */
	private static final Pattern ID = Pattern.compile("[\\w:.~=@+-]*\\w[\\w:.~=@+-]*");

	/** The name of a model may have that of an organization before a slash. */
	private static final Pattern MODEL = Pattern.compile(ID + "(/" + ID + ")*");

	private static final int MAX_READ = 16 * 1024;

	/**
	 * Whether the id can be that of an object.
	 * @return {@code false} if no backend needs to be asked
	 */
	boolean isPossible() {
		Pattern pattern = (this.object.kind() == ObjectKind.FINE_TUNED_MODEL) ? MODEL : ID;
		return pattern.matcher(this.object.id()).matches();
	}

	/**
	 * Asks a backend.
	 * @param backend the backend
	 * @param endpoint its URL and credential
	 * @param client the HTTP client
	 * @return whether it has the object
	 */
	Mono<Ownership> ask(Backend backend, BackendEndpoints.Endpoint endpoint, HttpClient client) {
		return endpoint.credential()
			.header()
			.map(Optional::of)
			.defaultIfEmpty(Optional.empty())
			.flatMap((credential) -> send(backend, endpoint.base() + target(backend), client, credential.orElse(null)))
			.onErrorResume((ex) -> {
				logger.info("Could not ask {} for {} {}: {}", backend.name(), this.object.kind().noun(),
						this.object.id(), ex.toString());
				return Mono.just(Ownership.UNKNOWN);
			});
	}

	private String target(Backend backend) {
		boolean azure = backend.dialect() == BackendDialect.AZURE;
		String version = backend.properties().apiVersion();
		boolean classic = this.call.dialect() == ClientDialect.AZURE
				&& (version != null || !this.call.lacksApiVersion());
		ClientDialect dialect = classic ? ClientDialect.AZURE : ClientDialect.AZURE_V1;
		String path = this.object.kind().collection() + "/" + UriUtils.encode(this.object.id(), StandardCharsets.UTF_8);
		ApiPath target = ApiPath.parse("GET", dialect.prefix(), null)
			.with(path, Query.of(Objects.requireNonNullElse(this.call.apiVersionQuery(), "")));
		return azure ? target.toAzureTarget("", version) : target.toOpenAiTarget();
	}

	private Mono<Ownership> send(Backend backend, String url, HttpClient client,
			@Nullable CredentialHeader credential) {
		io.netty.handler.codec.http.HttpHeaders sent = RequestHeaders
			.from(this.headers, this.pool.properties().forwardHeaders(), backend::deployment)
			.remove(HttpHeaderNames.CONTENT_TYPE)
			.set(HttpHeaderNames.ACCEPT, "application/json");
		if (credential != null) {
			sent.set(credential.name(), credential.value());
		}
		return client.headers((headers) -> headers.set(sent))
			.get()
			.uri(url)
			.response((response, content) -> content.asByteArray()
				.scanWith(ByteArrayOutputStream::new, BackendQuestion::append)
				.takeUntil((body) -> body.size() >= MAX_READ)
				.last(new ByteArrayOutputStream())
				.map((body) -> ownership(response.status().code(), body.toByteArray())))
			.single();
	}

	private static ByteArrayOutputStream append(ByteArrayOutputStream body, byte[] part) {
		body.writeBytes(part);
		return body;
	}

	private Ownership ownership(int status, byte[] body) {
		return switch (status) {
			case 200 -> isObject(body) ? Ownership.OWNED : Ownership.UNKNOWN;
			case 404, 410 -> Ownership.NOT_OWNED;
			// of the id, or of the version and other parameters
			case 400, 422 -> new String(body, StandardCharsets.UTF_8).contains(this.object.id()) ? Ownership.NOT_OWNED
					: Ownership.UNKNOWN;
			default -> Ownership.UNKNOWN;
		};
	}

	/** A proxy or a web server may respond with 200 to everything. */
	private boolean isObject(byte[] body) {
		int start = 0;
		while (start < body.length && Character.isWhitespace(body[start])) {
			start++;
		}
		if (start == body.length || body[start] != '{') {
			return false;
		}
		List<String> ids = new ArrayList<>(1);
		new IdReader(IdShape.NONE.id("id", this.object.kind()), (found) -> ids.add(found.object().id())).add(body);
		return ids.contains(this.object.id());
	}

	/** Whether a backend has an object. */
	enum Ownership {

		OWNED, NOT_OWNED,

		/** The backend could not be asked, or its response does not show it. */
		UNKNOWN

	}

}
