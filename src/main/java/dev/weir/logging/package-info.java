/**
 * Writes the console log without blocking event loops. What is logged is decided by all
 * other packages, and formats by Spring Boot's properties. Start with
 * {@link dev.weir.logging.BatchingConsoleListener}.
 */
@NullMarked
package dev.weir.logging;

import org.jspecify.annotations.NullMarked;
