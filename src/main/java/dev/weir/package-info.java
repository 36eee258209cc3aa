/**
 * Weir: one OpenAI endpoint in front of many backends. {@link dev.weir.WeirApplication}
 * is the starting point.
 */
@NullMarked
package dev.weir;

import org.jspecify.annotations.NullMarked;
