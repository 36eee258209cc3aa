/**
 * From a client's request to a backend's: reading the call once, and writing it in the
 * dialect of each backend it is sent to. Starting points:
 * {@link dev.weir.proxy.ReadCallFilter} and {@link dev.weir.proxy.BackendCallFilter}.
 */
@NullMarked
package dev.weir.proxy;

import org.jspecify.annotations.NullMarked;
