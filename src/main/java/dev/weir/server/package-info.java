/**
 * The HTTP server's edge: what is checked, repaired or refused on a client's connection
 * before Spring sees a request, and how a connection ends.
 * <p>
 * {@link dev.weir.server.ServerPipeline} is the only place that changes the pipeline of a
 * client's connection. Once it is known that the connection speaks HTTP/1,
 * {@code ServerPipeline.install} adds the handlers in this order, from the socket to
 * Spring: <pre>
 * ReplyPace               ends connections whose clients do not read
 * RequestDecoder          bytes to requests, with strict request lines
 * ResponseEncoder         replies to bytes
 * RequestGuard            refuses heads, stops after a broken body, ends the connection
 * RequestPace             ends requests that come too slowly
 * HttpTrafficHandler      Reactor Netty's: pipelining, keep-alive
 * BrokenBodyHandler       fails the body of the request that is being served
 * OutOfMemoryHandler      ends the process when memory has run out
 * ChannelOperationsHandler  Reactor Netty's: the request as a publisher
 * </pre> A new handler gets one line there, at its place in the order. Connections that
 * speak HTTP/2 are left as Reactor Netty makes them.
 */
@NullMarked
package dev.weir.server;

import org.jspecify.annotations.NullMarked;
