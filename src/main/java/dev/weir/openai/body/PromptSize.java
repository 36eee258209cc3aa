package dev.weir.openai.body;

/**
 * The size of a prompt, from which its tokens are estimated.
 *
 * @param textBytes the bytes of the body without encoded files
 * @param files the number of encoded files, such as images in data URLs
 */
public record PromptSize(long textBytes, int files) {

	/** A body that is no prompt. */
	static final PromptSize NONE = new PromptSize(0, 0);

	/** No word of any language has so many letters without a space. */
	private static final int MIN_FILE = 1024;

	private static final boolean[] BASE64 = new boolean[256];

	static {
		for (char c : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-\\".toCharArray()) {
			BASE64[c] = true;
		}
	}

	/**
	 * Measures a body. A run of at least 1,024 characters of Base64 is a file; other text
	 * is skipped in large steps.
	 * @param body the body
	 * @return its size
	 */
	static PromptSize of(byte[] body) {
		long encoded = 0;
		int files = 0;
		int from = 0;
		while (body.length - from >= MIN_FILE) {
			// backwards: the last byte that is not Base64 tells how far to go on
			int i = from + MIN_FILE - 1;
			while (i >= from && BASE64[body[i] & 0xFF]) {
				i--;
			}
			if (i >= from) {
				from = i + 1;
				continue;
			}
			int end = from + MIN_FILE;
			while (end < body.length && BASE64[body[end] & 0xFF]) {
				end++;
			}
			encoded += end - from;
			files++;
			from = end;
		}
		return new PromptSize(body.length - encoded, files);
	}

}
