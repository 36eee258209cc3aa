package dev.weir.upstream;

import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Backend;
import dev.weir.config.BackendDialect;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.body.SessionModel;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;

/**
 * A client's call in the dialect of one backend: URI and body.
 *
 * @param uri the URI to send it to
 * @param body the body, or {@code null} if the client's body is streamed
 */
public record BackendRequest(URI uri, @Nullable List<ByteBuffer> body) {

	/**
	 * Writes a call for a backend.
	 * @param call the client's call
	 * @param backend the backend
	 * @param base the backend's URL that the paths of its dialect are appended to
	 * @param askForUsage whether the stream shall report its usage
	 * @return the call in its dialect
	 */
	public static BackendRequest write(ApiCall call, Backend backend, String base, boolean askForUsage) {
		boolean azure = backend.dialect() == BackendDialect.AZURE;
		String deployment = backend.deployment(call.model());
		ApiPath path = call.path().withQueryModel(deployment, azure);
		String target = azure ? path.toAzureTarget(deployment, backend.properties().apiVersion())
				: path.toOpenAiTarget();
		return new BackendRequest(URI.create(base + target), body(call, deployment, azure, askForUsage));
	}

	private static @Nullable List<ByteBuffer> body(ApiCall call, String deployment, boolean azure,
			boolean askForUsage) {
		RequestBody body = call.body();
		ApiPath path = call.path();
		if (body == null) {
			return null;
		}
		if (call.isHandshake()) {
			// the body is a message for the connected backend
			return List.of();
		}
		SessionModel session = (path.hasSession() && !call.model().isEmpty()) ? SessionModel.find(body) : null;
		if (session != null) {
			return session.name().equals(deployment) ? body.bytes() : session.replace(body, deployment);
		}
		boolean inPath = azure && path.namesDeploymentOnAzure();
		boolean unchanged = inPath || call.model().isEmpty() || deployment.equals(body.model());
		if (askForUsage) {
			return body.askingForUsage(unchanged ? null : deployment);
		}
		return unchanged ? body.bytes() : body.withModel(deployment);
	}

	public int length() {
		int length = 0;
		if (this.body != null) {
			for (ByteBuffer part : this.body) {
				length += part.remaining();
			}
		}
		return length;
	}

	/**
	 * The URI for a log line: without the query.
	 * @return the URL
	 */
	public String url() {
		String text = this.uri.toString();
		int query = text.indexOf('?');
		return (query >= 0) ? text.substring(0, query) : text;
	}

}
