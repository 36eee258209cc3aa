package dev.weir.request;

import java.security.cert.X509Certificate;

import org.jspecify.annotations.Nullable;

import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.SslInfo;

/**
 * The certificate with which a client has opened its connection.
 */
public final class ClientCertificate {

	private ClientCertificate() {
	}

	/**
	 * Reads the certificate of a connection. The listener has verified it against its
	 * trust store.
	 * @param request a request that came on the connection
	 * @return the certificate of the client itself, or {@code null} if the connection is
	 * not encrypted or the client has sent none
	 */
	public static @Nullable X509Certificate of(ServerHttpRequest request) {
		SslInfo tls = request.getSslInfo();
		X509Certificate[] chain = (tls != null) ? tls.getPeerCertificates() : null;
		return (chain != null && chain.length > 0) ? chain[0] : null;
	}

}
