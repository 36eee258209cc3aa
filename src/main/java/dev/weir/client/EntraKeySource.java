package dev.weir.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.JSONObjectUtils;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.config.EntraProperties;

/**
 * Reads the key set of a tenant by HTTP, with the client and the trust of the JDK: what
 * is set for backends, such as a trust store of a private network, is not meant for
 * Microsoft Entra ID.
 *
 * @param address the URL of the key set
 * @param tenant the id of the tenant
 * @param client the HTTP client, which follows no redirect
 */
record EntraKeySource(URI address, String tenant, HttpClient client) implements EntraKeys.KeySetSource {

	/** Entra's document has about 20 KB. */
	static final int MAX_BYTES = 512 * 1024;

	private static final int MIN_KEY_BITS = 2048;

	/** Stands for every tenant in the issuer of a key. */
	private static final String ANY_TENANT = "{tenantid}";

	static EntraKeySource of(EntraProperties settings, HttpClient client) {
		return new EntraKeySource(settings.keysUrl(), settings.tenantId(), client);
	}

	@Override
	public String url() {
		return this.address.toString();
	}

	@Override
	public Mono<byte[]> read() {
		HttpRequest request = HttpRequest.newBuilder(this.address)
			.timeout(EntraKeys.TIMEOUT)
			.header("accept", "application/json")
			.header("user-agent", "weir")
			.build();
		return Mono.fromFuture(() -> this.client.sendAsync(request, (head) -> new LimitedBody()))
			.onErrorMap(CompletionException.class, (ex) -> (ex.getCause() != null) ? ex.getCause() : ex)
			.map((response) -> {
				if (response.statusCode() != 200) {
					throw new IllegalStateException("status " + response.statusCode());
				}
				return response.body();
			});
	}

	@Override
	public JWKSet parse(byte[] body) {
		List<JWK> keys = new ArrayList<>();
		try {
			Map<String, Object> document = JSONObjectUtils.parse(new String(body, StandardCharsets.UTF_8));
			Map<String, Object>[] entries = JSONObjectUtils.getJSONObjectArray(document, "keys");
			for (Map<String, Object> entry : (entries != null) ? List.of(entries) : List.<Map<String, Object>>of()) {
				JWK key = isOfTenant(entry) ? key(entry) : null;
				if (key != null) {
					keys.add(key);
				}
			}
		}
		catch (ParseException ex) {
			throw new IllegalStateException("the response is not a JSON Web Key Set", ex);
		}
		if (keys.isEmpty()) {
			throw new IllegalStateException("the response has no RSA key");
		}
		return new JWKSet(keys);
	}

	/** Some keys sign the tokens of certain tenants only, such as personal accounts. */
	private boolean isOfTenant(Map<String, Object> entry) {
		return !(entry.get("issuer") instanceof String issuer) || issuer.contains(ANY_TENANT)
				|| issuer.toLowerCase(Locale.ROOT).contains(this.tenant);
	}

	private static @Nullable JWK key(Map<String, Object> entry) {
		try {
			JWK key = JWK.parse(entry);
			boolean signs = key.getKeyUse() == null || key.getKeyUse().equals(KeyUse.SIGNATURE);
			boolean fits = key.getAlgorithm() == null || key.getAlgorithm().equals(JWSAlgorithm.RS256);
			return (key instanceof RSAKey && key.size() >= MIN_KEY_BITS && key.getKeyID() != null && signs && fits)
					? key.toPublicJWK() : null;
		}
		catch (ParseException ex) {
			// of a type that is not known
			return null;
		}
	}

	/** A body that is refused when it becomes too long. */
	private static final class LimitedBody implements BodySubscriber<byte[]> {

		private final BodySubscriber<byte[]> all = BodySubscribers.ofByteArray();

		private Flow.@Nullable Subscription subscription;

		private int received;

		@Override
		public CompletionStage<byte[]> getBody() {
			return this.all.getBody();
		}

		@Override
		public void onSubscribe(Flow.Subscription granted) {
			this.subscription = granted;
			this.all.onSubscribe(granted);
		}

		@Override
		public void onNext(List<ByteBuffer> part) {
			this.received += part.stream().mapToInt(ByteBuffer::remaining).sum();
			if (this.received <= MAX_BYTES) {
				this.all.onNext(part);
			}
			else if (this.subscription != null) {
				this.subscription.cancel();
				onError(new IOException("more than " + MAX_BYTES + " bytes"));
			}
		}

		@Override
		public void onError(Throwable error) {
			this.all.onError(error);
		}

		@Override
		public void onComplete() {
			this.all.onComplete();
		}

	}

}
