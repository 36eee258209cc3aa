/**
 * How Weir proves itself to each backend: with its API key, with a Microsoft Entra ID
 * token, or not at all. {@link dev.weir.credential.Credentials} gives each backend its
 * {@link dev.weir.credential.Credential}.
 */
@NullMarked
package dev.weir.credential;

import org.jspecify.annotations.NullMarked;
