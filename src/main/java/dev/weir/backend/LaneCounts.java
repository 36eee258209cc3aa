package dev.weir.backend;

/**
 * What a lane has done since Weir started.
 *
 * @param inFlight attempts that run now, until the last byte of their answers
 * @param attempts attempts begun
 * @param served attempts that the backend served
 * @param rejected attempts that the backend answered with an error of the caller's own
 * @param throttled attempts answered with 429
 * @param failed attempts that came to nothing otherwise
 */
public record LaneCounts(int inFlight, long attempts, long served, long rejected, long throttled, long failed) {
}
