package dev.weir.config;

/**
 * What somebody reads who starts Weir for the first time.
 */
final class NothingConfigured {

	private static final String CURE = """
			Name a backend in application.yml:

			  weir:
			    pools:
			      openai:
			        backends:
			          - name: openai1
			            url: https://my-resource.openai.azure.com
			            api-key: ${OPENAI1_KEY}   # none: Microsoft Entra ID

			or in the environment: BACKEND_1_URL, and BACKEND_1_APIKEY if it takes a key.

			To look around first, start the demo, which brings simulated backends:

			  java -jar weir.jar --spring.profiles.active=demo

			or, from the sources, ./mvnw spring-boot:run -Dspring-boot.run.profiles=demo, or, of the container image, with -e SPRING_PROFILES_ACTIVE=demo.""";

	static final ConfigurationProblem PROBLEM = new ConfigurationProblem(PoolRules.POOLS.toString(), null, null,
			"there is no backend", CURE);

	private NothingConfigured() {
	}

	static boolean is(WeirProperties properties) {
		return properties.pools().values().stream().allMatch((pool) -> pool.backends().isEmpty());
	}

}
