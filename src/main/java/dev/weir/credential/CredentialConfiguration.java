package dev.weir.credential;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Configures the {@link CredentialProvider}.
 */
@Configuration(proxyBeanMethods = false)
class CredentialConfiguration {

	@Bean
	CredentialProvider credentialProvider() {
		return CredentialProvider.ofEnvironment();
	}

}
