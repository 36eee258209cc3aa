/**
 * The reply to a client: its head, and the relay of a response to its body. The choice of
 * the response is not here. Start with {@link dev.weir.reply.ReplyFactory} and
 * {@link dev.weir.reply.Relay}.
 */
@NullMarked
package dev.weir.reply;

import org.jspecify.annotations.NullMarked;
