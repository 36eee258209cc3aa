/**
 * What backends send with a success status: server-sent events, token usage, and errors
 * inside of them. Not here: input and output, timeouts, resuming. Start at
 * {@link dev.weir.openai.stream.EventSplitter}.
 */
@NullMarked
package dev.weir.openai.stream;

import org.jspecify.annotations.NullMarked;
