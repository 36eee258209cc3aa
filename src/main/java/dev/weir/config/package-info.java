/**
 * What users may set. {@link dev.weir.config.WeirProperties} and the records below it are
 * immutable and are the reference of every setting; nothing here changes while Weir runs.
 */
@NullMarked
package dev.weir.config;

import org.jspecify.annotations.NullMarked;
