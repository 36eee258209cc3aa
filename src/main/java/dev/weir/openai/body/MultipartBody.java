package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.NamedObject;

/**
 * A {@code multipart/form-data} body (RFC 7578) of an audio or image call. The model is
 * replaced, or inserted as the first part; all other bytes stay.
 */
final class MultipartBody extends RequestBody {

	private final byte[] body;

	private final MultipartScan scan;

	private MultipartBody(BodyBytes bytes, MultipartScan scan) {
		super(bytes);
		this.body = bytes.array();
		this.scan = scan;
	}

	static MultipartBody read(BodyBytes bytes, @Nullable String boundary, IdShape shape) {
		return new MultipartBody(bytes, MultipartScan.of(bytes.array(), MultipartBoundary.of(boundary), shape));
	}

	@Override
	public @Nullable String model() {
		return this.scan.model();
	}

	@Override
	public boolean stream() {
		return this.scan.stream();
	}

	@Override
	public boolean isStoreDisabled() {
		return false;
	}

	@Override
	public boolean isStoreRequested() {
		return false;
	}

	@Override
	public @Nullable ApiErrorException problem() {
		return this.scan.problem();
	}

	@Override
	public List<NamedObject> objects() {
		return this.scan.objects();
	}

	@Override
	public @Nullable String purpose() {
		return this.scan.purpose();
	}

	/**
	 * Finds a field.
	 * @param name its name
	 * @return where its content is, or {@code null} if there is no such field
	 * @throws MalformedRequestException if there is more than one
	 */
	MultipartReader.@Nullable Part field(String name) {
		MultipartReader reader = new MultipartReader(this.body, this.scan.boundary());
		MultipartReader.Part found = null;
		for (MultipartReader.Part part = reader.next(); part != null; part = reader.next()) {
			// browsers send JSON as a file if it is a Blob
			if (part.name().equals(name)) {
				if (found != null) {
					throw new MalformedRequestException("The request body has more than one '" + name + "'");
				}
				found = part;
			}
		}
		return found;
	}

	@Override
	public List<ByteBuffer> withModel(String model) {
		String value = ModelName.toBackend(model);
		if (!this.scan.hasModel()) {
			value = this.scan.boundary().firstPart("model", value);
		}
		return replace(this.scan.from(), this.scan.to(), value);
	}

}
