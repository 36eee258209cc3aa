package dev.weir.proxy;

import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.weir.api.ApiCall;
import dev.weir.api.ApiPath;
import dev.weir.api.RequestBody;
import dev.weir.backend.Backend;
import dev.weir.config.BackendDialect;

/**
 * A client's call as one backend wants it: its target and body.
 *
 * @param uri where it goes
 * @param body what it carries, or {@code null} if the client's body streams by
 */
record UpstreamCall(URI uri, @Nullable List<ByteBuffer> body) {

	// what users copy from a portal or an SDK's settings behind the host
	private static final Pattern AZURE_SUFFIX = Pattern.compile("/openai(/v1)?/?$|/+$");

	private static final Pattern OPENAI_SUFFIX = Pattern.compile("/v1/?$|/+$");

	/**
	 * Writes a call for a backend.
	 * @param call the client's call
	 * @param backend the backend
	 * @return the call in its dialect
	 */
	static UpstreamCall write(ApiCall call, Backend backend) {
		boolean azure = backend.dialect() == BackendDialect.AZURE;
		String deployment = backend.deployment(call.model());
		String target = azure ? call.path().onAzure(deployment, backend.properties().apiVersion())
				: call.path().onOpenAi();
		URI url = backend.url();
		String prefix = (azure ? AZURE_SUFFIX : OPENAI_SUFFIX).matcher(url.getRawPath()).replaceFirst("");
		return new UpstreamCall(URI.create(url.getScheme() + "://" + url.getRawAuthority() + prefix + target),
				body(call, deployment, azure));
	}

	private static @Nullable List<ByteBuffer> body(ApiCall call, String deployment, boolean azure) {
		RequestBody body = call.body();
		ApiPath path = call.path();
		if (body == null) {
			return null;
		}
		boolean inPath = azure && path.namesDeploymentOnAzure();
		boolean asItCame = inPath || call.model().isEmpty() || deployment.equals(body.model());
		return asItCame ? body.bytes() : body.withModel(deployment);
	}

	int length() {
		return (this.body != null) ? this.body.stream().mapToInt(ByteBuffer::remaining).sum() : 0;
	}

	/**
	 * Where it goes, fit for a log: without the query.
	 * @return the URL
	 */
	String url() {
		String text = this.uri.toString();
		int query = text.indexOf('?');
		return (query >= 0) ? text.substring(0, query) : text;
	}

}
