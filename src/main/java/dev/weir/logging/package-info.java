/**
 * Writes the console log without blocking event loops. The other packages write the log
 * lines, and Spring Boot's properties set their format. Start with
 * {@link dev.weir.logging.BatchingConsoleListener}.
 */
@NullMarked
package dev.weir.logging;

import org.jspecify.annotations.NullMarked;
