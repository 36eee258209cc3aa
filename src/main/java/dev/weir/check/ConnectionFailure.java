package dev.weir.check;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.proxy.ProxyConnectException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import org.jspecify.annotations.Nullable;

import dev.weir.check.Finding.Step;
import dev.weir.config.BackendProperties;

/**
 * Finds the step in which a connection failed, the reason, and the cure.
 */
final class ConnectionFailure {

	private static final int MAX_CAUSES = 10;

	private static final String OWN_AUTHORITY = "If you trust its issuer (an own authority, or a proxy that inspects"
			+ " TLS), put the issuer's certificate into an SSL bundle: spring.ssl.bundle.pem.NAME.truststore.certificate"
			+ " and spring.cloud.gateway.server.webflux.httpclient.ssl.ssl-bundle: NAME.";

	private final BackendProperties backend;

	private final List<Throwable> causes = new ArrayList<>();

	private ConnectionFailure(BackendProperties backend, Throwable error) {
		this.backend = backend;
		@Nullable Throwable cause = error;
		while (cause != null && this.causes.size() < MAX_CAUSES) {
			this.causes.add(cause);
			cause = cause.getCause();
		}
	}

	/**
	 * Describes a failure.
	 * @param backend the backend
	 * @param error the error of the connection
	 * @param trace how far the connection got
	 * @param timeout the connect timeout
	 * @return the failed step
	 */
	static Finding of(BackendProperties backend, Throwable error, ConnectionTrace trace, Duration timeout) {
		ConnectionFailure failure = new ConnectionFailure(backend, error);
		if (failure.is(ProxyConnectException.class)) {
			return Finding.fault(Step.CONNECTION, "the proxy did not open a connection",
					"Check spring.cloud.gateway.server.webflux.httpclient.proxy, and that the proxy allows "
							+ failure.target() + ".");
		}
		if (!trace.isConnected()) {
			return failure.is(UnknownHostException.class) ? failure.unknownName() : failure.noConnection(timeout);
		}
		return failure.noHandshake();
	}

	private Finding unknownName() {
		return Finding.fault(Step.NAME, this.backend.host() + " cannot be resolved",
				"Check the host in url, and that Weir's DNS server knows it. The name of a deleted resource, and a name"
						+ " in a private DNS zone that is not linked to Weir's network, do not exist.");
	}

	private Finding noConnection(Duration timeout) {
		if (is(ConnectTimeoutException.class)) {
			return Finding.fault(Step.CONNECTION, "no connection within " + SettingText.duration(timeout),
					"Packets are dropped on the way: allow connections from Weir to " + target()
							+ " in firewalls, network security groups and routes.");
		}
		if (is(NoRouteToHostException.class)) {
			return Finding.fault(Step.CONNECTION, "there is no route to it",
					"Check the network of Weir and the address of " + this.backend.host() + ".");
		}
		if (is(ConnectException.class)) {
			return Finding.fault(Step.CONNECTION, "the connection is refused",
					"Check host and port in url, and that a server runs at " + target() + ".");
		}
		return Finding.fault(Step.CONNECTION, "no connection (" + last() + ")",
				"Check host and port in url, and the network of Weir.");
	}

	private Finding noHandshake() {
		if (is(CertificateExpiredException.class)) {
			return Finding.fault(Step.TLS, "its certificate has expired",
					"Renew the certificate of the backend, or check the clock of this machine.");
		}
		if (is(CertificateNotYetValidException.class)) {
			return Finding.fault(Step.TLS, "its certificate is not valid yet", "Check the clock of this machine.");
		}
		if (mentions("no subject alternative", "no name matching")) {
			return Finding.fault(Step.TLS, "its certificate is for another name than " + this.backend.host(),
					"Write the name of the certificate into url. A name of your own for an Azure resource needs a"
							+ " gateway with a certificate for that name.");
		}
		if (mentions("unable to find valid certification path", "path building failed", "trustanchors",
				"no trusted certificate")) {
			return Finding.fault(Step.TLS, "the issuer of its certificate is unknown", OWN_AUTHORITY);
		}
		if (is(NotSslRecordException.class) || mentions("unrecognized ssl message", "not an ssl/tls record")) {
			return Finding.fault(Step.TLS, "it does not speak TLS on this port",
					"Write http://, or the port for https.");
		}
		if (is(SslHandshakeTimeoutException.class)) {
			return Finding.fault(Step.TLS, "no TLS handshake in time",
					"Check that the port is for https, and that no firewall on the way holds back TLS.");
		}
		return Finding.fault(Step.TLS, "the TLS handshake failed (" + last() + ")",
				"Check that the backend speaks TLS 1.2 or 1.3, and whether it expects a client certificate.");
	}

	private boolean is(Class<? extends Throwable> type) {
		return this.causes.stream().anyMatch(type::isInstance);
	}

	private boolean mentions(String... parts) {
		return this.causes.stream()
			.map((cause) -> String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT))
			.anyMatch((message) -> List.of(parts).stream().anyMatch(message::contains));
	}

	private String last() {
		Throwable last = this.causes.get(this.causes.size() - 1);
		return (last.getMessage() != null) ? last.getMessage() : last.getClass().getSimpleName();
	}

	private String target() {
		int port = (this.backend.port() > 0) ? this.backend.port()
				: "https".equalsIgnoreCase(this.backend.url().getScheme()) ? 443 : 80;
		return this.backend.host() + ":" + port;
	}

}
