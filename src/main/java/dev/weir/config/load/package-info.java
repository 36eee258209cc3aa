/**
 * Reads the settings from the environment, checks them and reports all mistakes at once.
 * Only this package knows property sources; the settings themselves are in
 * {@code dev.weir.config}. Start with {@link dev.weir.config.load.ConfigurationLoader}.
 */
@NullMarked
package dev.weir.config.load;

import org.jspecify.annotations.NullMarked;
