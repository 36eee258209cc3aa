package dev.weir.check;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;

import javax.net.ssl.SSLPeerUnverifiedException;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import org.jspecify.annotations.Nullable;

/**
 * Records how far a new connection got. Written on its event loop, read after it has
 * ended.
 */
final class ConnectionTrace {

	private volatile boolean connected;

	private volatile boolean secured;

	private volatile @Nullable InetAddress address;

	private volatile @Nullable Instant expiry;

	void observe(Channel channel) {
		// Reactor Netty's own handlers do not pass channelActive on
		channel.pipeline().addFirst(new Handler());
	}

	/** Whether a TCP connection was opened. */
	boolean isConnected() {
		return this.connected;
	}

	/** Whether a TLS handshake has succeeded. */
	boolean isSecured() {
		return this.secured;
	}

	/**
	 * The address of the backend; {@code null} without a connection, and with a proxy.
	 */
	@Nullable InetAddress address() {
		return this.address;
	}

	/** When the first certificate of the backend's chain expires. */
	@Nullable Instant expiry() {
		return this.expiry;
	}

	private final class Handler extends ChannelInboundHandlerAdapter {

		@Override
		public void channelActive(ChannelHandlerContext context) {
			ConnectionTrace.this.connected = true;
			ConnectionTrace.this.address = (context.channel().remoteAddress() instanceof InetSocketAddress remote)
					? remote.getAddress() : null;
			SslHandler tls = context.pipeline().get(SslHandler.class);
			if (tls != null) {
				tls.handshakeFuture().addListener((handshake) -> {
					ConnectionTrace.this.secured = handshake.isSuccess();
					ConnectionTrace.this.expiry = handshake.isSuccess() ? firstExpiry(tls) : null;
				});
			}
			context.fireChannelActive();
		}

		private static @Nullable Instant firstExpiry(SslHandler tls) {
			Instant first = null;
			try {
				for (Certificate certificate : tls.engine().getSession().getPeerCertificates()) {
					Instant end = (certificate instanceof X509Certificate x509) ? x509.getNotAfter().toInstant() : null;
					first = (first == null || (end != null && end.isBefore(first))) ? end : first;
				}
			}
			catch (SSLPeerUnverifiedException ex) {
				// without a certificate nothing expires
			}
			return first;
		}

	}

}
