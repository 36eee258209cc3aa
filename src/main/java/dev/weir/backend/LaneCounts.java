package dev.weir.backend;

/**
 * The attempts of a lane since Weir started.
 * 
 * @param inFlight attempts that run now, until the last byte of their responses
 * @param attempts attempts begun
 * @param served attempts that the backend served
 * @param rejected attempts that the backend refused because of the request
 * @param throttled attempts with 429, or without any quota left
 * @param failed attempts that failed otherwise
 */
public record LaneCounts(int inFlight, long attempts, long served, long rejected, long throttled, long failed) {
}
