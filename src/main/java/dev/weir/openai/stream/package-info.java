/**
 * Response bodies with a success status: server-sent events, token usage, and errors
 * inside them. Not here: reading from connections, timeouts, resuming. Start at
 * {@link dev.weir.openai.stream.EventSplitter}.
 */
@NullMarked
package dev.weir.openai.stream;

import org.jspecify.annotations.NullMarked;
