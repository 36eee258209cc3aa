/**
 * Tests of several Weirs with one Redis.
 */
@NullMarked
package dev.weir.shared;

import org.jspecify.annotations.NullMarked;
