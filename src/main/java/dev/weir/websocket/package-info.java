/**
 * WebSockets: the backend is connected first, then the client is upgraded, and frames
 * pass between both. The choice of a backend is in {@code failover}; the pipeline of a
 * client's connection is changed in {@code server}. Start with
 * {@link dev.weir.websocket.WebSocketConnector}, then
 * {@link dev.weir.websocket.RealtimeSocket} or
 * {@link dev.weir.websocket.ResponsesSocket}.
 */
@NullMarked
package dev.weir.websocket;

import org.jspecify.annotations.NullMarked;
