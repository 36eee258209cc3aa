/**
 * Fixtures for tests: Weir as a running server, clients, and scripted backends on real
 * sockets. Start with {@link dev.weir.testing.WeirServer} and
 * {@link dev.weir.testing.RawBackend}.
 */
@NullMarked
package dev.weir.testing;

import org.jspecify.annotations.NullMarked;
