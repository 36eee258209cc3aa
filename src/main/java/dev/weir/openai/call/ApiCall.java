package dev.weir.openai.call;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.body.RequestBody;

/**
 * A client's call, read once: what every attempt starts from.
 *
 * @param path where it was sent
 * @param model the model it names, empty if it names none
 * @param body its body, kept to be sent again; {@code null} if there is none or it is too
 * large to keep
 * @param replayable whether it can be sent again; otherwise its body streams by and there
 * is a single attempt
 */
public record ApiCall(ApiPath path, String model, @Nullable RequestBody body, boolean replayable) {

	/** The exchange attribute that holds the call of a request to a pool. */
	public static final String ATTRIBUTE = ApiCall.class.getName();

	/**
	 * The request header that names the deployment which the image tool of Azure's
	 * responses API uses.
	 */
	public static final String IMAGE_DEPLOYMENT = "x-ms-oai-image-generation-deployment";

	/**
	 * Whether the call may create or change something that stays on the backend, so that
	 * it must not be repeated once a backend may have carried it out.
	 * @return whether it is an unknown POST or PATCH, such as one to {@code /files}
	 * @see ApiPath#isUnsafeToRepeat()
	 */
	public boolean isUnsafeToRepeat() {
		return this.path.isUnsafeToRepeat();
	}

}
