/**
 * The command line argument {@code --check}: reads and checks the configuration without
 * starting a server, and prints it as Weir understands it; with {@code --connect} it also
 * tries each backend, as a part of it does after each start. How settings are read and
 * checked is in {@code dev.weir.config.load}. Start with
 * {@link dev.weir.check.ConfigurationCheck}.
 */
@NullMarked
package dev.weir.check;

import org.jspecify.annotations.NullMarked;
