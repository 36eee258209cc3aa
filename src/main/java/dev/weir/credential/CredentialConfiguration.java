package dev.weir.credential;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Makes the {@link Credentials} of this process.
 */
@Configuration(proxyBeanMethods = false)
class CredentialConfiguration {

	@Bean
	Credentials credentials() {
		return Credentials.ofEnvironment();
	}

}
