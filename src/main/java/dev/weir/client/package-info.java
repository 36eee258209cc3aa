/**
 * Who calls: keys of clients and operators, and what each may use. How a request goes on
 * afterwards is not here. Start with {@link dev.weir.client.AuthenticationFilter}.
 */
@NullMarked
package dev.weir.client;

import org.jspecify.annotations.NullMarked;
