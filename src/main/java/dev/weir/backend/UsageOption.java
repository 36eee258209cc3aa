package dev.weir.backend;

/**
 * Whether the backend of a lane accepts {@code stream_options.include_usage}.
 */
public enum UsageOption {

	/** No stream has been requested with it. */
	UNKNOWN,

	/** It has served a stream with it. */
	ACCEPTED,

	/** It refuses such a request. */
	REFUSED

}
