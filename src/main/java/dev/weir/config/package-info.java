/**
 * The settings of Weir as immutable records; their Javadoc is the reference of every
 * property. How settings are read and checked is in {@code dev.weir.config.load}, and no
 * state lives here. Start with {@link dev.weir.config.WeirProperties}.
 */
@NullMarked
package dev.weir.config;

import org.jspecify.annotations.NullMarked;
