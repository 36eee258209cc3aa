/**
 * Tests of the faults in {@code docs/faults.md}, on real sockets. The name of a test
 * begins with the number of its row.
 */
@NullMarked
package dev.weir.faults;

import org.jspecify.annotations.NullMarked;
