/**
 * Request bodies: finding the model, replacing it, and decoding a compressed body. Not
 * here: paths, headers, and the bodies of responses. Start at
 * {@link dev.weir.openai.body.RequestBody}.
 */
@NullMarked
package dev.weir.openai.body;

import org.jspecify.annotations.NullMarked;
