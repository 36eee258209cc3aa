package dev.weir.testing;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

import com.microsoft.aad.msal4j.ManagedIdentityApplication;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

/**
 * The managed identity endpoint of an App Service on a loopback socket. MSAL finds it by
 * environment variables, which the test replaces.
 */
public final class FakeManagedIdentity implements AutoCloseable {

	static {
		// otherwise the body of each response waits 40 ms for the acknowledgement of its
		// head
		System.setProperty("sun.net.httpserver.nodelay", "true");
	}

	private static final String IDENTITY_HEADER = "canary-identity-header";

	private final HttpServer server;

	private final List<String> queries = new CopyOnWriteArrayList<>();

	private volatile CountDownLatch gate = new CountDownLatch(0);

	public FakeManagedIdentity() throws IOException {
		this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		this.server.createContext("/msi/token", this::respond);
		this.server.start();
		showEnvironment(
				Map.of("IDENTITY_ENDPOINT", "http://127.0.0.1:" + this.server.getAddress().getPort() + "/msi/token",
						"IDENTITY_HEADER", IDENTITY_HEADER));
	}

	public List<String> queries() {
		return this.queries;
	}

	/**
	 * Holds back all responses.
	 */
	public void hold() {
		this.gate = new CountDownLatch(1);
	}

	/**
	 * Sends the responses that were held back, and all later ones.
	 */
	public void release() {
		this.gate.countDown();
	}

	private void respond(HttpExchange exchange) throws IOException {
		try (exchange) {
			if (!IDENTITY_HEADER.equals(exchange.getRequestHeaders().getFirst("X-IDENTITY-HEADER"))) {
				exchange.sendResponseHeaders(401, -1);
				return;
			}
			this.queries.add(exchange.getRequestURI().getQuery());
			this.gate.await();
			byte[] body = """
					{"access_token":"canary-%d","expires_on":"%d","resource":"r","token_type":"Bearer"}"""
				.formatted(this.queries.size(), Instant.now().plusSeconds(3600).getEpochSecond())
				.getBytes(StandardCharsets.UTF_8);
			exchange.getResponseHeaders().add("Content-Type", "application/json");
			exchange.sendResponseHeaders(200, body.length);
			exchange.getResponseBody().write(body);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Override
	public void close() {
		this.gate.countDown();
		this.server.stop(0);
		showEnvironment(Map.of());
	}

	private static void showEnvironment(Map<String, String> shown) {
		try {
			Class<?> type = Class.forName("com.microsoft.aad.msal4j.IEnvironmentVariables");
			Object variables = Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] { type },
					(proxy, method, arguments) -> shown.get(arguments[0]));
			Method method = ManagedIdentityApplication.class.getDeclaredMethod("setEnvironmentVariables", type);
			method.setAccessible(true);
			method.invoke(null, variables);
		}
		catch (ClassNotFoundException | NoSuchMethodException | IllegalAccessException | InvocationTargetException ex) {
			throw new LinkageError("MSAL has changed", ex);
		}
	}

}
