package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.stored.NamedObject;

/**
 * A body that is empty or has a format without a model, such as the SDP text of a
 * realtime call. It is sent unchanged.
 */
public final class OpaqueBody extends RequestBody {

	/** How a description of a session begins (RFC 8866, section 5.1). */
	private static final byte[] SDP = "v=0".getBytes(StandardCharsets.US_ASCII);

	private final BodyBytes content;

	private final @Nullable MalformedRequestException refused;

	OpaqueBody(BodyBytes bytes) {
		this(bytes, null);
	}

	/**
	 * Creates a body that could not be understood.
	 * @param bytes the body
	 * @param refused the reason, or {@code null} if its format is another one
	 */
	OpaqueBody(BodyBytes bytes, @Nullable MalformedRequestException refused) {
		super(bytes);
		this.content = bytes;
		this.refused = refused;
	}

	@Override
	public @Nullable ApiErrorException problem() {
		if (length() == 0) {
			return null;
		}
		return (this.refused != null) ? BodyProblem.of(this.refused) : BodyProblem.format();
	}

	/**
	 * Whether the body is the SDP text of a realtime call, which names no model.
	 * @return whether it begins like SDP
	 */
	public boolean isSdp() {
		byte[] array = this.content.array();
		return array.length >= SDP.length && Arrays.equals(array, 0, SDP.length, SDP, 0, SDP.length);
	}

	@Override
	public @Nullable String model() {
		return null;
	}

	@Override
	public boolean stream() {
		return false;
	}

	@Override
	public boolean isStoreRequested() {
		return false;
	}

	@Override
	public List<NamedObject> objects() {
		return List.of();
	}

	@Override
	public @Nullable String purpose() {
		return null;
	}

	@Override
	public boolean isStoreDisabled() {
		return false;
	}

	@Override
	public List<ByteBuffer> withModel(String model) {
		return bytes();
	}

}
