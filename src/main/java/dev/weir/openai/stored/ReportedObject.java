package dev.weir.openai.stored;

/**
 * An object that a response names.
 *
 * @param object the object
 * @param origin where it comes from, by its place in the response
 */
public record ReportedObject(StoredObject object, Origin origin) {

	/** Where an object comes from. */
	public enum Origin {

		/** The request has made it, unless the request only reads. */
		CREATED,

		/**
		 * The request, or the object that it names, has made it: the output of a response
		 * or of a batch.
		 */
		RESULT,

		/**
		 * A client has named it, in this or in an earlier request. It may belong to
		 * another client.
		 */
		ECHO

	}

}
