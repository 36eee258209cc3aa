package dev.weir.check;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;

import dev.weir.check.Finding.Step;
import dev.weir.config.BackendProperties;
import dev.weir.credential.Credential;
import dev.weir.credential.CredentialHeader;
import dev.weir.upstream.BackendClients;
import dev.weir.upstream.BackendEndpoints;

/**
 * Tries a backend step by step, with the client that requests use: the same name
 * resolution, proxy and TLS settings. Each step has a time limit.
 */
final class BackendProbe {

	/** How long a response may take. */
	static final Duration RESPONSE_LIMIT = Duration.ofSeconds(10);

	/** How long all steps of a backend may take together. */
	private static final Duration TOTAL_LIMIT = Duration.ofSeconds(60);

	/** A certificate that expires sooner than this is reported. */
	private static final Duration EXPIRES_SOON = Duration.ofDays(14);

	private static final int MAX_BYTES = 1024 * 1024;

	private final HttpClient client;

	private final PrivateLinkHint privateLink;

	private final InstantSource clock;

	BackendProbe(HttpClient client, PrivateLinkHint privateLink, InstantSource clock) {
		this.client = BackendClients.withNewConnections(client);
		this.privateLink = privateLink;
		this.clock = clock;
	}

	/**
	 * Opens a connection and closes it without a request.
	 * @param backend the backend
	 * @param connectTimeout the connect timeout of its pool
	 * @return the results for name, connection and TLS; never an error
	 */
	Mono<BackendReport> connect(BackendProperties backend, Duration connectTimeout) {
		return connection(backend, connectTimeout).map((findings) -> new BackendReport(backend.name(), findings));
	}

	/**
	 * Opens a connection, and then asks for the list of models, which costs no tokens.
	 * @param backend the backend
	 * @param connectTimeout the connect timeout of its pool
	 * @param credential the credential of the backend
	 * @return the results of all steps; never an error
	 */
	Mono<BackendReport> request(BackendProperties backend, Duration connectTimeout, Credential credential) {
		return connection(backend, connectTimeout).flatMap((findings) -> {
			if (findings.stream().anyMatch(Finding::isFault)) {
				return Mono.just(findings);
			}
			return new ModelsProbe(backend, credential, this::get).findings().map((more) -> {
				List<Finding> all = new ArrayList<>(findings);
				all.addAll(more);
				return all;
			});
		}).map((findings) -> new BackendReport(backend.name(), findings));
	}

	private Mono<List<Finding>> connection(BackendProperties backend, Duration connectTimeout) {
		ConnectionTrace trace = new ConnectionTrace();
		return this.client.doOnChannelInit((observer, channel, remote) -> trace.observe(channel))
			.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(connectTimeout.toMillis()))
			.request(HttpMethod.GET)
			.uri(BackendEndpoints.base(backend))
			.send((request, outbound) -> Mono.error(NoRequestException.INSTANCE))
			.response()
			.then(Mono.<Throwable>empty())
			.onErrorResume((error) -> Mono.just(error))
			.timeout(TOTAL_LIMIT, Mono.just(new TimeoutException()))
			.flatMap((error) -> (error instanceof NoRequestException) ? connected(backend, trace)
					: Mono.just(List.of(ConnectionFailure.of(backend, error, trace, connectTimeout))));
	}

	private Mono<List<Finding>> connected(BackendProperties backend, ConnectionTrace trace) {
		InetAddress address = trace.address();
		boolean proxy = this.client.configuration().hasProxy();
		Finding name = proxy ? Finding.unknown(Step.NAME, "the proxy resolves it")
				: Finding.ok(Step.NAME, (address != null) ? address.getHostAddress() : "");
		return (proxy ? Mono.<Finding>empty() : this.privateLink.of(backend, address)).defaultIfEmpty(name)
			.map((first) -> {
				List<Finding> findings = new ArrayList<>(List.of(first, Finding.ok(Step.CONNECTION, "open")));
				if (trace.isSecured()) {
					findings.add(certificate(trace.expiry()));
				}
				return findings;
			});
	}

	private Finding certificate(@Nullable Instant expiry) {
		if (expiry == null) {
			return Finding.ok(Step.TLS, "established");
		}
		String date = expiry.atOffset(ZoneOffset.UTC).toLocalDate().toString();
		return this.clock.instant().plus(EXPIRES_SOON).isAfter(expiry) ? Finding.warning(Step.TLS,
				"its certificate expires on " + date, "Renew the certificate of the backend.")
				: Finding.ok(Step.TLS, "certificate until " + date);
	}

	/** Sends a GET request and reads the whole response. */
	private Mono<ProbeResponse> get(String url, Optional<CredentialHeader> credential) {
		return this.client.responseTimeout(RESPONSE_LIMIT).headers((headers) -> {
			headers.set(HttpHeaderNames.USER_AGENT, "weir");
			headers.set(HttpHeaderNames.ACCEPT, "application/json");
			headers.set(HttpHeaderNames.ACCEPT_ENCODING, "identity");
			credential.ifPresent((header) -> headers.set(header.name(), header.value()));
		})
			.get()
			.uri(url)
			.response((response, content) -> content.asByteArray()
				.collect(ByteArrayOutputStream::new, BackendProbe::append)
				.map((body) -> new ProbeResponse(response.status().code(), body.toByteArray())))
			.single()
			.timeout(RESPONSE_LIMIT);
	}

	private static void append(ByteArrayOutputStream body, byte[] part) {
		if (body.size() + part.length > MAX_BYTES) {
			throw new TooLongException();
		}
		body.writeBytes(part);
	}

	/** The response has more than {@value #MAX_BYTES} bytes. */
	static final class TooLongException extends RuntimeException {

		TooLongException() {
			super("more than " + MAX_BYTES + " bytes", null, false, false);
		}

	}

	/** Ends a connection that is open before a request is sent. */
	private static final class NoRequestException extends RuntimeException {

		static final NoRequestException INSTANCE = new NoRequestException();

		private NoRequestException() {
			super("no request", null, false, false);
		}

	}

}
