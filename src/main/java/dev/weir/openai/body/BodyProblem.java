package dev.weir.openai.body;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.stored.StoredObject;

/**
 * The reasons why Weir does not know every model and stored object that a body names.
 * Such a body cannot be checked against the rights of a client.
 */
final class BodyProblem {

	private BodyProblem() {
	}

	static ApiErrorException of(MalformedRequestException ex) {
		return new ApiErrorException(ApiError.invalid(400, ex.getMessage() + ".", ex.param(), "invalid_request_body"));
	}

	static ApiErrorException format() {
		return new ApiErrorException(ApiError.invalid(415,
				"The body must be a JSON object or a form, and its content-type must be application/json or"
						+ " multipart/form-data.",
				null, "unsupported_content_type"));
	}

	static ApiErrorException tooManyObjects() {
		return new ApiErrorException(ApiError.invalid(400, "The body names more than " + IdCollector.MAX_OBJECTS
				+ " stored objects, or more than " + IdCollector.MAX_ITEMS + " items.", null, "too_many_objects"));
	}

	static ApiErrorException longId() {
		return new ApiErrorException(ApiError.invalid(404, "The body names a stored object by an id of more than "
				+ StoredObject.MAX_ID + " characters. There is no such object.", null, "not_found"));
	}

	/** Some servers ignore the case of property names, so they would read a model. */
	static ApiErrorException misspeltModel() {
		return new ApiErrorException(ApiError.invalid(400,
				"The body has a property that differs from 'model' only in case.", "model", "invalid_request_body"));
	}

}
