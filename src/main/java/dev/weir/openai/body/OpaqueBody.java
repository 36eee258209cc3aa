package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.stored.NamedObject;

/**
 * A body that is empty or has a format without a model, such as the SDP text of a
 * realtime call. It is sent unchanged.
 */
public final class OpaqueBody extends RequestBody {

	OpaqueBody(BodyBytes bytes) {
		super(bytes);
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
