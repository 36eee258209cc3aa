/**
 * What tests share: Weir as a running server, and backends that do exactly what a test
 * tells them, on real sockets.
 */
@NullMarked
package dev.weir.testing;

import org.jspecify.annotations.NullMarked;
