package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.NamedObject;

/**
 * The parsed body of a client's request. It can be sent any number of times, each time
 * with another model, without being copied.
 * <p>
 * The body keeps the array it was read from, which must not be changed. Thread-safe.
 */
public abstract sealed class RequestBody permits JsonBody, MultipartBody, OpaqueBody {

	private final BodyBytes content;

	RequestBody(BodyBytes content) {
		this.content = content;
	}

	/**
	 * Parses a body. {@code application/json}, {@code *}{@code +json} and bodies without
	 * a content type that start with a brace are JSON; {@code multipart/form-data} is
	 * read part by part; all others, and empty bodies, are opaque.
	 * @param body the whole body, which is kept and not copied
	 * @param contentType the request's {@code Content-Type}, or {@code null}
	 * @return the body
	 * @throws MalformedRequestException if the body is not valid for the content type,
	 * nests deeper than 500 levels, has more than one model, or a model that is not
	 * {@code null} or a string of at most 256 characters without control characters
	 */
	public static RequestBody of(byte[] body, @Nullable String contentType) {
		return of(body, contentType, IdShape.NONE, false);
	}

	/**
	 * Parses a body like {@link #of(byte[], String)}.
	 * @param body the whole body, which is kept and not copied
	 * @param contentType the request's {@code Content-Type}, or {@code null}
	 * @param withPromptKey whether {@link #promptKey()} is needed
	 * @return the body
	 * @throws MalformedRequestException as {@link #of(byte[], String)} does
	 */
	public static RequestBody of(byte[] body, @Nullable String contentType, boolean withPromptKey) {
		return of(body, contentType, IdShape.NONE, withPromptKey);
	}

	/**
	 * Parses a body that may name stored objects.
	 * @param body the whole body, which is kept and not copied
	 * @param contentType the request's {@code Content-Type}, or {@code null}
	 * @param shape where the body names stored objects
	 * @param withPromptKey whether {@link #promptKey()} is needed
	 * @return the body
	 * @throws MalformedRequestException as {@link #of(byte[], String)} does
	 */
	public static RequestBody of(byte[] body, @Nullable String contentType, IdShape shape, boolean withPromptKey) {
		BodyBytes bytes = new BodyBytes(body);
		if (body.length == 0) {
			return new OpaqueBody(bytes);
		}
		String type = (contentType != null) ? HeaderValue.typeOf(contentType) : "";
		if (contentType != null && type.equals("multipart/form-data")) {
			return MultipartBody.read(bytes, HeaderValue.parse(contentType).parameter("boundary"), shape);
		}
		if (type.equals("application/json") || type.endsWith("+json")
				|| (type.isEmpty() && JsonScan.startOfObject(body) >= 0)) {
			return withPromptKey ? JsonBody.readWithPrompt(bytes, shape) : JsonBody.read(bytes, true, shape);
		}
		return new OpaqueBody(bytes);
	}

	/**
	 * Parses the body of an operation that Weir does not know well, or of one on stored
	 * objects. It need not be valid for {@link #of}: a body that cannot be understood is
	 * opaque, and {@link #problem()} has the reason. JSON objects are recognized with any
	 * content type, since many servers accept that.
	 * @param body the whole body, which is kept and not copied
	 * @param contentType the request's {@code Content-Type}, or {@code null}
	 * @param shape where the body names stored objects
	 * @return the body
	 * @throws MalformedRequestException if the body has more than one model, or a model
	 * with control characters or more than 256 characters
	 */
	public static RequestBody ofUnknown(byte[] body, @Nullable String contentType, IdShape shape) {
		boolean form = contentType != null && HeaderValue.typeOf(contentType).equals("multipart/form-data");
		BodyBytes bytes = new BodyBytes(body);
		try {
			if (form) {
				return of(body, contentType, shape, false);
			}
			return (JsonScan.startOfObject(body) >= 0) ? JsonBody.read(bytes, false, shape) : new OpaqueBody(bytes);
		}
		catch (MalformedRequestException ex) {
			if (ex.param() != null) {
				throw ex;
			}
			return new OpaqueBody(bytes, ex);
		}
	}

	/**
	 * Why Weir does not know every model and every stored object that the body names. If
	 * clients are configured, a body that may name some is refused then: the backend may
	 * understand it.
	 * @return the error for the client, or {@code null} if Weir knows all
	 */
	public abstract @Nullable ApiErrorException problem();

	/**
	 * Returns the model in the body.
	 * @return 1 to 256 characters, or {@code null} if there is none
	 */
	public abstract @Nullable String model();

	/**
	 * Whether the body asks for a stream of events: {@code "stream": true} at the top
	 * level, or a multipart field {@code stream} that is {@code true}.
	 * @return whether the response shall be a stream
	 */
	public abstract boolean stream();

	/**
	 * Whether the backend must not store the response: {@code "store": false} at the top
	 * level.
	 * @return {@code true} if it must not; otherwise it depends on the operation
	 */
	public abstract boolean isStoreDisabled();

	/**
	 * Returns a key that is the same for all turns of a conversation: of the body's
	 * {@code prompt_cache_key}, else of the beginning of its prompt.
	 * @return the key, 0 if there is none or if it was not asked for
	 */
	public long promptKey() {
		return 0;
	}

	/**
	 * Whether the backend shall store the response: {@code "store": true} at the top
	 * level.
	 * @return {@code true} if it shall; otherwise it depends on the operation
	 */
	public abstract boolean isStoreRequested();

	/**
	 * Whether the response of a chat shall have audio: there is an object {@code audio}
	 * at the top level.
	 * @return whether the response may name an audio by an id
	 */
	public boolean isAudioRequested() {
		return false;
	}

	/**
	 * Returns the stored objects that the body names where the operation defines an id.
	 * @return the objects, in order
	 */
	public abstract List<NamedObject> objects();

	/**
	 * Returns what a file is for: the property or field {@code purpose} at the top level.
	 * @return the purpose, or {@code null} if there is none
	 */
	public abstract @Nullable String purpose();

	/**
	 * Returns the length of the original body.
	 * @return the length in bytes
	 */
	public final int length() {
		return this.content.length();
	}

	/**
	 * Returns the original body.
	 * @return one new, read-only buffer at position 0
	 */
	public final List<ByteBuffer> bytes() {
		return this.content.all();
	}

	/**
	 * Returns the body with another model. Only the bytes of the model differ. A body
	 * without a model gets one, unless it is opaque.
	 * @param model the model to send, 1 to 256 characters without control characters
	 * @return new, read-only buffers at position 0, to be sent in this order; those with
	 * the client's bytes share this body's memory
	 * @throws IllegalArgumentException if the name is not allowed
	 */
	public abstract List<ByteBuffer> withModel(String model);

	/**
	 * Measures the prompt. Not free: the whole body is passed over.
	 * @return the size, nothing unless the body is JSON
	 */
	public PromptSize promptSize() {
		return PromptSize.NONE;
	}

	/**
	 * The largest number of output tokens that the body allows for each choice: the
	 * largest of {@code max_tokens}, {@code max_completion_tokens} and
	 * {@code max_output_tokens}.
	 * @return the number, at most a billion; 0 if the body states none
	 */
	public long maxOutputTokens() {
		return 0;
	}

	/**
	 * How many outputs the backend generates: the larger one of {@code n} and
	 * {@code best_of}.
	 * @return the number, 1 to a billion
	 */
	public long choices() {
		return 1;
	}

	/**
	 * Whether the stream of a chat or a completion reports its usage only if
	 * {@link #askingForUsage} adds {@code stream_options.include_usage}.
	 * @return whether the option can be added and the client has not set it
	 */
	public boolean canAskForUsage() {
		return false;
	}

	/**
	 * Returns the body with {@code stream_options.include_usage}, if it can be added. The
	 * client's other options stay.
	 * @param model the model to send, or {@code null} to leave it as it is
	 * @return new, read-only buffers, as those of {@link #withModel}
	 */
	public List<ByteBuffer> askingForUsage(@Nullable String model) {
		return (model != null) ? withModel(model) : bytes();
	}

	/**
	 * Leaves reasoning items of the responses API out, with the ids of items that depend
	 * on them.
	 * @param unwanted whether the encrypted reasoning with a {@code ContentHash} is left
	 * out
	 * @param shape where the body names stored objects
	 * @return the new body, or {@code null} if it has no such reasoning
	 */
	public @Nullable RequestBody withoutReasoning(Predicate<String> unwanted, IdShape shape) {
		return null;
	}

	/**
	 * Replaces a part of the original body.
	 * @param from the first byte to replace
	 * @param to the byte after the last one to replace
	 * @param text the text to send instead
	 * @return new, read-only buffers at position 0
	 */
	final List<ByteBuffer> replace(int from, int to, String text) {
		return this.content.replace(from, to, text);
	}

}
