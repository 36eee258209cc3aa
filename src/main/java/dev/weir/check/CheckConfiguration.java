package dev.weir.check;

import java.time.InstantSource;

import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.config.LiveConfiguration;
import dev.weir.credential.CredentialProvider;

/**
 * Configures the checks of backends.
 */
@Configuration(proxyBeanMethods = false)
class CheckConfiguration {

	@Bean
	BackendProbes backendProbes(LiveConfiguration configuration, CredentialProvider credentials,
			ObjectProvider<HttpClient> client, ObjectProvider<DnsServerAddressStreamProvider> servers,
			InstantSource clock) {
		return new BackendProbes(configuration, credentials, client, servers, clock);
	}

	@Bean
	StartupCheck startupCheck(LiveConfiguration configuration, BackendProbes probes) {
		return new StartupCheck(configuration, probes);
	}

}
