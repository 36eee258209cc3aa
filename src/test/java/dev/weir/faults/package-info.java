/**
 * The faults that Weir survives, each as clients and backends see it, on real sockets.
 */
@NullMarked
package dev.weir.faults;

import org.jspecify.annotations.NullMarked;
