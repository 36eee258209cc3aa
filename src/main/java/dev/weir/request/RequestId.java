package dev.weir.request;

import java.util.Map;

/**
 * Finds the id of a request. Weir creates a new one for each request; replies and log
 * lines contain it.
 */
public final class RequestId {

	/** The exchange attribute that holds it, a {@link String}. */
	public static final String ATTRIBUTE = RequestId.class.getName();

	private RequestId() {
	}

	/**
	 * The id of a request.
	 * @param attributes the attributes of its exchange
	 * @return the id, or a dash if it has none
	 */
	public static String of(Map<String, Object> attributes) {
		return (attributes.get(ATTRIBUTE) instanceof String id) ? id : "-";
	}

}
