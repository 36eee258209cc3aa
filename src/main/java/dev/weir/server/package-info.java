/**
 * The connections of clients: HTTP/1 is read strictly, slow and broken requests are
 * ended, and connections are closed without losing a reply; then the first filter of
 * every request. Nothing in here knows pools, routes or the body of a request. Start with
 * {@link dev.weir.server.ServerPipeline}, the only class that changes the pipeline of a
 * client's connection. Its handlers for HTTP/1, from the socket to Spring: <pre>
 * ReplyTimeoutHandler       closes connections of clients that do not read
 * RequestDecoder            bytes to requests, with strict request lines
 * ReplyEncoder              replies to bytes
 * RequestGuard              refuses heads, stops after a broken body, closes the connection
 * RequestTimeoutHandler     ends requests that arrive too slowly
 * OverloadHandler           refuses requests while Weir is overloaded
 * HttpTrafficHandler        Reactor Netty: pipelining, keep-alive
 * BrokenBodyHandler         fails the body of the current request
 * OutOfMemoryHandler        ends the process if memory has run out
 * ChannelOperationsHandler  Reactor Netty: the request as a publisher
 * </pre> Connections that speak HTTP/2 have the first one only.
 */
@NullMarked
package dev.weir.server;

import org.jspecify.annotations.NullMarked;
