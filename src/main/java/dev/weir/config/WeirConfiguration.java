package dev.weir.config;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Loads the settings at the start. They are no bean themselves, since Spring Boot would
 * bind a bean of a {@code @ConfigurationProperties} type once more, in its own way.
 */
@Configuration(proxyBeanMethods = false)
class WeirConfiguration {

	@Bean
	LiveConfiguration liveConfiguration(ConfigurableEnvironment environment) {
		return new LiveConfiguration(new ConfigurationLoader().load(environment));
	}

}
