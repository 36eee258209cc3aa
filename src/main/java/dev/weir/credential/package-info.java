/**
 * The credentials of backends: an API key, a Microsoft Entra ID token, or none. The keys
 * of clients are not in here. Start with {@link dev.weir.credential.CredentialProvider},
 * which provides the {@link dev.weir.credential.Credential} of each backend.
 */
@NullMarked
package dev.weir.credential;

import org.jspecify.annotations.NullMarked;
