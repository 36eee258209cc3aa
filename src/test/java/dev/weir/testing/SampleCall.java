package dev.weir.testing;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Calls of clients, with bodies that reveal code which does not preserve every byte.
 */
public enum SampleCall {

	CHAT("chat/completions", true, false),

	COMPLETION("completions", true, false),

	EMBEDDING("embeddings", true, false),

	RESPONSE("responses", false, false),

	IMAGE("images/generations", true, true),

	IMAGE_EDIT("images/edits", true, true),

	SPEECH("audio/speech", true, true),

	TRANSCRIPTION("audio/transcriptions", true, true),

	TRANSLATION("audio/translations", true, true),

	MODERATION("moderations", false, false);

	public static final String MODEL = "gpt-4o";

	private static final String BOUNDARY = "----model'()+_,-./:=?";

	private static final byte[] JSON_BEFORE = utf8(
			"\n\t {  \"n\" : 1.0e0 , \"metadata\":{\"model\":\"gpt-4o\",\"überläufe\":\"日本語 🌊\"},\r\n"
					+ " \"input\":[\"\\\"model\\\":\\\"gpt-4o\\\"\", \"\\ud83c\\udf0a \\/\"], \"mod\\u0065l\"  :\t");

	private static final byte[] JSON_AFTER = utf8(
			" ,\"tools\":[{\"model\":\"gpt-4o\"},{\"function\":{\"model\":null}}],\r\n"
					+ "\"temperature\":0.50, \"user\":\"wéir€\" }\r\n \n  ");

	private static final byte[] MULTIPART_BEFORE = concat(
			utf8("--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model.wav\"\r\n"
					+ "Content-Type: audio/wav\r\n\r\n"),
			binary(), utf8("\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nnot-this\r\n--" + "----mode\r\n"),
			utf8("\r\n--" + BOUNDARY
					+ "\r\ncontent-disposition: form-data; name=prompt\r\n\r\nmodel: gpt-4o\r\n\r\nüber 🌊\r\n--"
					+ BOUNDARY + "\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"));

	private static final byte[] MULTIPART_AFTER = utf8("\r\n--" + BOUNDARY
			+ "\r\nContent-Disposition: form-data; name=\"temperature\"\r\n\r\n0\r\n--" + BOUNDARY + "--\r\nepilogue");

	private final String path;

	private final boolean inDeployment;

	private final boolean previewInAzureV1;

	SampleCall(String path, boolean inDeployment, boolean previewInAzureV1) {
		this.path = path;
		this.inDeployment = inDeployment;
		this.previewInAzureV1 = previewInAzureV1;
	}

	public String path() {
		return this.path;
	}

	/**
	 * Whether Azure's classic paths name the deployment for it.
	 * @return whether it has the form {@code /deployments/…}
	 */
	public boolean inDeployment() {
		return this.inDeployment;
	}

	public boolean previewInAzureV1() {
		return this.previewInAzureV1;
	}

	boolean isMultipart() {
		return this == IMAGE_EDIT || this == TRANSCRIPTION || this == TRANSLATION;
	}

	public String contentType() {
		return isMultipart() ? "multipart/form-data; boundary=\"" + BOUNDARY + "\"" : "application/json; profile=Weir";
	}

	public byte[] body(String model) {
		return isMultipart() ? concat(MULTIPART_BEFORE, utf8(model), MULTIPART_AFTER)
				: concat(JSON_BEFORE, utf8('"' + model + '"'), JSON_AFTER);
	}

	public String responseType() {
		return (this == SPEECH) ? "audio/mpeg" : "application/json";
	}

	public byte[] response() {
		return (this == SPEECH) ? concat(binary(), binary(), binary()) : utf8("{ \"id\" : \"日本 🌊\" }\n");
	}

	public static byte[] utf8(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * All byte values, and line breaks and the word model in various places.
	 * @return the bytes
	 */
	public static byte[] binary() {
		byte[] all = new byte[256];
		for (int i = 0; i < all.length; i++) {
			all[i] = (byte) i;
		}
		return concat(all, utf8("\r\n\r\nmodel\r\n--\r\n\"model\":\"gpt-4o\"\r\n"), all, utf8("\r\n"));
	}

	public static byte[] concat(byte[]... parts) {
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		for (byte[] part : parts) {
			all.writeBytes(part);
		}
		return all.toByteArray();
	}

}
