package dev.weir.server;

import dev.weir.testing.WeirServer;

/**
 * A Weir whose backends record all bytes, with a route to a pool ({@code /v1/**}) and one
 * to a URL without a pool ({@code /plain/**}).
 *
 * @param weir the running Weir
 * @param backend the only backend of the pool
 * @param plain the server behind the route without a pool
 */
record RecordedWeir(WeirServer weir, RecordingBackend backend, RecordingBackend plain) implements AutoCloseable {

	static RecordedWeir start() {
		RecordingBackend backend = RecordingBackend.start();
		RecordingBackend plain = RecordingBackend.start();
		return new RecordedWeir(WeirServer.start("""
				spring.cloud.gateway.server.webflux.routes:
				  - {id: plain, uri: '%s', predicates: ['Path=/plain/**']}
				  - {id: pool, uri: 'lb://openai', predicates: ['Path=/v1/**']}
				server.max-http-request-header-size: 16KB
				weir:
				  max-body: 64KB
				  pools:
				    openai: {forward-headers: [x-team], backends: [%s]}
				""".formatted(plain.url(), WeirServer.backend("a", backend.url(), "models: {gpt-4o: gpt-4o}"))),
				backend, plain);
	}

	/** Forgets the requests received so far. */
	void clear() {
		this.backend.received().clear();
		this.plain.received().clear();
	}

	@Override
	public void close() {
		this.weir.close();
		this.backend.close();
		this.plain.close();
	}

}
