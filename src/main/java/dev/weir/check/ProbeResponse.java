package dev.weir.check;

/**
 * A backend's response to a check.
 *
 * @param status the HTTP status
 * @param body the body
 */
record ProbeResponse(int status, byte[] body) {
}
