package dev.weir.openai.call;

import java.util.List;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.body.RequestBody;
import dev.weir.openai.stored.NamedObject;

/**
 * The parsed request of a client, from which every attempt is built.
 *
 * @param path the parsed path and query
 * @param model the model that the client asks for; empty for none
 * @param body the body; {@code null} if there is none or it is too large to keep
 * @param replayable whether the call can be sent again; otherwise its body is streamed
 * and there is a single attempt
 */
public record ApiCall(ApiPath path, String model, @Nullable RequestBody body, boolean replayable) {

	/**
	 * The request header with the deployment for the image tool of Azure's responses API.
	 */
	public static final String IMAGE_DEPLOYMENT = "x-ms-oai-image-generation-deployment";

	/**
	 * Whether the client asks for a stream of events.
	 * @return whether there is a body with {@code stream: true}
	 */
	public boolean isStream() {
		return this.body != null && this.body.stream();
	}

	/**
	 * Whether the call opens a WebSocket.
	 * @return whether it is a handshake
	 */
	public boolean isHandshake() {
		return this.path.operation().isHandshake();
	}

	/**
	 * Whether the call must not be repeated once a backend may have executed it.
	 * @return whether it is a POST or PATCH of an unknown operation, such as
	 * {@code /files}
	 * @see ApiPath#isUnsafeToRepeat()
	 */
	public boolean isUnsafeToRepeat() {
		return this.path.isUnsafeToRepeat();
	}

	/**
	 * The stored objects that the call names in its path, query and body.
	 * @return the objects, in order
	 */
	public List<NamedObject> objects() {
		List<NamedObject> inPath = this.path.objects();
		List<NamedObject> inBody = (this.body != null) ? this.body.objects() : List.of();
		if (inPath.isEmpty() || inBody.isEmpty()) {
			return inPath.isEmpty() ? inBody : inPath;
		}
		return Stream.concat(inPath.stream(), inBody.stream()).distinct().toList();
	}

}
