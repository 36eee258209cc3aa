package dev.weir.config.load;

import dev.weir.config.WeirProperties;

/**
 * Detects that no backend is configured, and explains the first steps. A user who starts
 * Weir for the first time reads this.
 */
final class NoBackendCheck {

	private static final String CURE = """
			Name a backend in application.yml:

			  weir:
			    pools:
			      openai:
			        backends:
			          - name: openai1
			            url: https://my-resource.openai.azure.com
			            api-key: ${OPENAI1_KEY}   # without it: Microsoft Entra ID

			or in the environment: BACKEND_1_URL, and BACKEND_1_APIKEY if it needs a key.

			To try Weir first, start the demo, which has simulated backends:

			  java -jar weir.jar --spring.profiles.active=demo

			or from the sources: ./mvnw spring-boot:run -Dspring-boot.run.profiles=demo

			or in the container image: -e SPRING_PROFILES_ACTIVE=demo""";

	static final ConfigurationProblem PROBLEM = new ConfigurationProblem(PoolCheck.POOLS.toString(), null, null,
			"there is no backend", CURE);

	private NoBackendCheck() {
	}

	static boolean hasNoBackend(WeirProperties properties) {
		return properties.pools().values().stream().allMatch((pool) -> pool.backends().isEmpty());
	}

}
