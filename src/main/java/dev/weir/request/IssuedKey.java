package dev.weir.request;

import java.util.function.Predicate;

import dev.weir.backend.Backend;
import dev.weir.config.Secret;

/**
 * A key that a backend has issued to a client through Weir.
 *
 * @param key the key
 * @param issuer the name of the backend, for messages
 * @param backends accepts the backends that know the key
 */
public record IssuedKey(Secret key, String issuer, Predicate<Backend> backends) {
}
