/**
 * One test for each fault of a backend that Weir survives, on real sockets, named by what
 * it shows.
 */
@NullMarked
package dev.weir.faults;

import org.jspecify.annotations.NullMarked;
