package dev.weir.config;

/**
 * How the running listener treats certificates of clients. It does not change until the
 * next start.
 *
 * @param verifiesClients whether it asks clients for certificates and verifies them
 * against a trust store of the user
 */
public record ListenerTls(boolean verifiesClients) {
}
