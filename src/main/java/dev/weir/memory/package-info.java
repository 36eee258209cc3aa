/**
 * Bounds the memory of buffers, and ends the process if memory has run out. Which bytes
 * are buffered, and the error that a client gets, is decided elsewhere. Start with
 * {@link dev.weir.memory.BufferBudget}.
 */
@NullMarked
package dev.weir.memory;

import org.jspecify.annotations.NullMarked;
