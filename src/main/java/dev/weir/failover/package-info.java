/**
 * The attempt loop and what it decides by: what an answer means, whether another backend
 * is asked, and how long one is left alone.
 */
@NullMarked
package dev.weir.failover;

import org.jspecify.annotations.NullMarked;
