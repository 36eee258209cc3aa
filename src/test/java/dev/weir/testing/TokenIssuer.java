package dev.weir.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import org.jspecify.annotations.Nullable;

/**
 * An issuer of tokens as Microsoft Entra ID makes them, of both generations, with the
 * document of its keys at the same path.
 */
public final class TokenIssuer implements AutoCloseable {

	public static final String TENANT = "0f1e2d3c-4b5a-4678-9abc-def012345678";

	/** A managed identity of an application that runs on Azure. */
	public static final String APP = "11111111-aaaa-4bbb-8ccc-000000000001";

	/** The object of the same managed identity. */
	public static final String OBJECT = "22222222-aaaa-4bbb-8ccc-000000000001";

	private static final AtomicInteger NAMES = new AtomicInteger();

	private static final int MAX_PAIRS = 6;

	/** To generate one takes a second. */
	private static final Map<Integer, RSAKey> PAIRS = new ConcurrentHashMap<>();

	private final HttpServer server;

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final List<RSAKey> keys = new CopyOnWriteArrayList<>();

	private final AtomicInteger reads = new AtomicInteger();

	private volatile RSAKey signing;

	private volatile int status = 200;

	private volatile @Nullable Signal gate;

	private volatile @Nullable String document;

	private TokenIssuer() throws IOException {
		this.signing = newKey();
		this.keys.add(this.signing);
		this.server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 50);
		this.server.setExecutor(this.threads);
		this.server.createContext("/" + TENANT + "/discovery/v2.0/keys", this::sendKeys);
		this.server.start();
	}

	public static TokenIssuer start() {
		try {
			return new TokenIssuer();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * A key that is in no document, and differs from the last few ones.
	 * @return the key
	 */
	public static RSAKey newKey() {
		int number = NAMES.incrementAndGet();
		RSAKey key = PAIRS.computeIfAbsent(number % MAX_PAIRS, (index) -> generate());
		return new RSAKey.Builder(key).keyID("key-" + number).build();
	}

	private static RSAKey generate() {
		try {
			return new RSAKeyGenerator(2048).keyUse(KeyUse.SIGNATURE).generate();
		}
		catch (JOSEException ex) {
			throw new IllegalStateException(ex);
		}
	}

	public URI authority() {
		return URI.create("http://127.0.0.1:" + this.server.getAddress().getPort());
	}

	/** How often the document of the keys was asked for. */
	public int reads() {
		return this.reads.get();
	}

	public RSAKey key() {
		return this.signing;
	}

	/** Signs with a new key from now on. The old one remains in the document. */
	public void rotate() {
		RSAKey next = newKey();
		this.keys.add(next);
		this.signing = next;
	}

	/** Removes all keys but the one that signs. */
	public void removeOldKeys() {
		this.keys.removeIf((key) -> key != this.signing);
	}

	/**
	 * Replaces a key by another one with the same id.
	 */
	public void replaceKey() {
		RSAKey next = new RSAKey.Builder(newKey()).keyID(this.signing.getKeyID()).build();
		this.keys.remove(this.signing);
		this.keys.add(next);
	}

	/**
	 * Sets the status of the document of the keys.
	 * @param next the HTTP status
	 */
	public void status(int next) {
		this.status = next;
	}

	/**
	 * Delays the document of the keys.
	 * @param end it is sent when this is sent
	 */
	public void hold(Signal end) {
		this.gate = end;
	}

	/**
	 * Sends another document.
	 * @param text the document, {@code null} for that of the keys
	 */
	public void document(@Nullable String text) {
		this.document = text;
	}

	private void sendKeys(HttpExchange exchange) throws IOException {
		this.reads.incrementAndGet();
		try {
			Signal end = this.gate;
			if (end != null) {
				end.await();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		String text = this.document;
		byte[] body = ((text != null) ? text : keys()).getBytes(StandardCharsets.UTF_8);
		exchange.getResponseHeaders().add("content-type", "application/json");
		exchange.sendResponseHeaders(this.status, body.length);
		exchange.getResponseBody().write(body);
		exchange.close();
	}

	/**
	 * The document of the keys.
	 * @return a JSON Web Key Set
	 */
	public String keys() {
		return new JWKSet(List.copyOf(this.keys)).toString(true);
	}

	/**
	 * A token of the first generation, as a managed identity gets it for Azure OpenAI.
	 * @return the token, which is not signed yet
	 */
	public Token first() {
		return new Token(this).with("iss", "https://sts.windows.net/" + TENANT + "/")
			.with("appid", APP)
			.with("appidacr", "2")
			.with("idp", "https://sts.windows.net/" + TENANT + "/")
			.with("ver", "1.0");
	}

	/**
	 * A token of the second generation.
	 * @return the token, which is not signed yet
	 */
	public Token second() {
		return new Token(this).with("iss", authority() + "/" + TENANT + "/v2.0")
			.with("azp", APP)
			.with("azpacr", "2")
			.with("ver", "2.0");
	}

	@Override
	public void close() {
		this.server.stop(0);
		this.threads.shutdownNow();
	}

	/** A token that is being made. */
	public static final class Token {

		private final TokenIssuer issuer;

		private final Map<String, @Nullable Object> claims = new LinkedHashMap<>();

		private JWSAlgorithm algorithm = JWSAlgorithm.RS256;

		private RSAKey key;

		private @Nullable String keyId;

		Token(TokenIssuer issuer) {
			this.issuer = issuer;
			this.key = issuer.key();
			this.keyId = this.key.getKeyID();
			long now = Instant.now().getEpochSecond();
			with("aud", "https://cognitiveservices.azure.com").with("iat", now)
				.with("nbf", now)
				.with("exp", now + 3600)
				.with("aio", "k2RgYGjL".repeat(8))
				.with("idtyp", "app")
				.with("oid", OBJECT)
				.with("rh", "1.AQwA".repeat(8))
				.with("sub", OBJECT)
				.with("tid", TENANT)
				.with("uti", "x8Yq")
				.with("xms_mirid", "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ManagedIdentity/id");
		}

		public Token with(String claim, @Nullable Object value) {
			this.claims.put(claim, value);
			return this;
		}

		public Token without(String claim) {
			this.claims.remove(claim);
			return this;
		}

		public Token algorithm(JWSAlgorithm other) {
			this.algorithm = other;
			return this;
		}

		/**
		 * Signs with another key.
		 * @param other the key
		 * @param id the id that the token names, {@code null} for none
		 * @return this
		 */
		public Token key(RSAKey other, @Nullable String id) {
			this.key = other;
			this.keyId = id;
			return this;
		}

		public Map<String, @Nullable Object> claims() {
			return this.claims;
		}

		public TokenIssuer issuer() {
			return this.issuer;
		}

		public String sign() {
			try {
				JWSObject token = new JWSObject(
						new JWSHeader.Builder(this.algorithm).type(JOSEObjectType.JWT).keyID(this.keyId).build(),
						new Payload(new LinkedHashMap<>(this.claims)));
				token.sign(new RSASSASigner(this.key));
				return token.serialize();
			}
			catch (JOSEException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

}
