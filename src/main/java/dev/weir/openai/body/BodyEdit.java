package dev.weir.openai.body;

/**
 * The replacement of a part of a body.
 *
 * @param from the index of the first byte to replace
 * @param to the index after the last byte to replace; equal to {@code from} for an
 * insertion
 * @param text the replacement, sent as UTF-8
 */
record BodyEdit(int from, int to, String text) {
}
