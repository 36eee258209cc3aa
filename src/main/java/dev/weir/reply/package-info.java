/**
 * The reply to a client: its head, and the relay of a response to its body. Which
 * response that is, is decided elsewhere. Start with {@link dev.weir.reply.ReplyFactory}
 * and {@link dev.weir.reply.Relay}.
 */
@NullMarked
package dev.weir.reply;

import org.jspecify.annotations.NullMarked;
