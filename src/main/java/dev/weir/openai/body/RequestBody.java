package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.MalformedRequestException;

/**
 * The body of a client's request, read once: what it asks for is known, and it can be
 * sent any number of times, each time naming another model, without being copied.
 * <p>
 * The array a body was read from belongs to it from then on and must not be changed. Safe
 * for many threads.
 */
public sealed interface RequestBody permits JsonBody, MultipartBody, OpaqueBody {

	/**
	 * Reads a body. {@code application/json}, {@code *}{@code +json} and bodies without a
	 * content type which begin with a brace are read as JSON, {@code multipart/form-data}
	 * part by part; everything else, and every empty body, is passed on unread.
	 * @param body the whole body, which is kept and not copied
	 * @param contentType the value of the request's {@code Content-Type}, if it has one
	 * @return the body
	 * @throws MalformedRequestException if the body is not what the content type says, is
	 * incomplete, nests deeper than 500 levels, names its model twice or names one that
	 * is neither text nor {@code null}, has control characters or more than 256
	 * characters
	 */
	static RequestBody of(byte[] body, @Nullable String contentType) {
		BodyBytes bytes = new BodyBytes(body);
		if (body.length == 0) {
			return new OpaqueBody(bytes);
		}
		String type = (contentType != null) ? HeaderValue.typeOf(contentType) : "";
		if (contentType != null && type.equals("multipart/form-data")) {
			return MultipartBody.read(bytes, HeaderValue.parse(contentType).parameter("boundary"));
		}
		if (type.equals("application/json") || type.endsWith("+json")
				|| (type.isEmpty() && JsonScan.startOfObject(body) >= 0)) {
			return JsonBody.read(bytes, true);
		}
		return new OpaqueBody(bytes);
	}

	/**
	 * Reads the body of an operation that Weir does not know, which need not be what
	 * {@link #of} expects. Forms and JSON objects are read as there, JSON objects also
	 * where the content type says nothing of JSON, since many servers take them. A body
	 * that cannot be understood is passed on unread.
	 * @param body the whole body, which is kept and not copied
	 * @param contentType the value of the request's {@code Content-Type}, if it has one
	 * @return the body
	 * @throws MalformedRequestException if the body names its model twice, or names one
	 * that has control characters or more than 256 characters
	 */
	static RequestBody ofUnknown(byte[] body, @Nullable String contentType) {
		boolean form = contentType != null && HeaderValue.typeOf(contentType).equals("multipart/form-data");
		BodyBytes bytes = new BodyBytes(body);
		try {
			if (form) {
				return of(body, contentType);
			}
			return (JsonScan.startOfObject(body) >= 0) ? JsonBody.read(bytes, false) : new OpaqueBody(bytes);
		}
		catch (MalformedRequestException ex) {
			if (ex.param() != null) {
				throw ex;
			}
			return new OpaqueBody(bytes);
		}
	}

	/**
	 * Returns the model that the body names.
	 * @return 1 to 256 characters, or {@code null} if the body names none
	 */
	@Nullable String model();

	/**
	 * Whether the body asks for a stream of events: {@code "stream": true} at the top
	 * level, or a multipart field {@code stream} that is {@code true}.
	 * @return whether the answer shall be a stream
	 */
	boolean stream();

	/**
	 * Whether the body says that the backend shall not store the answer:
	 * {@code "store": false} at the top level.
	 * @return whether it says so; if not, it depends on the operation
	 */
	boolean isStoreDisabled();

	/**
	 * Returns the length of the body as it came.
	 * @return the length in bytes
	 */
	int length();

	/**
	 * Returns the body as it came.
	 * @return one new, read-only buffer at position 0
	 */
	List<ByteBuffer> bytes();

	/**
	 * Returns the body naming another model. Only the bytes of the name differ; a body
	 * that named none gets one, except if its format is not known.
	 * @param model the name to send, 1 to 256 characters and no control characters
	 * @return new, read-only buffers at position 0, to be sent one after another; those
	 * with bytes of the client share this body's memory
	 * @throws IllegalArgumentException if the name is not allowed
	 */
	List<ByteBuffer> withModel(String model);

}
