package dev.weir.credential;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.Secret;

import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * An application whose backends all have API keys.
 */
public final class ApiKeyOnly implements Callable<String> {

	@Override
	public String call() {
		try (var context = new AnnotationConfigApplicationContext(CredentialConfiguration.class)) {
			BackendProperties backend = new BackendProperties("b", URI.create("https://b.example"), Secret.of("key"),
					null, 1, 1, 1, null, Map.of(), null, "scope", Set.of());
			Credential credential = context.getBean(CredentialProvider.class).forBackend(backend, BackendDialect.AZURE);
			return credential.header().map(CredentialHeader::value).block(Duration.ofSeconds(5));
		}
	}

}
