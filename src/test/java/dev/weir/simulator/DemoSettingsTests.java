package dev.weir.simulator;

import java.io.IOException;
import java.net.URI;
import java.util.List;

import org.junit.jupiter.api.Test;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ClassPathResource;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class DemoSettingsTests {

	private final Binder settings = settings();

	private final List<SimulatorProperties.Backend> simulated = this.settings
		.bind("weir.simulator", SimulatorProperties.class)
		.get()
		.backends();

	@Test
	void thePoolHasTheUrlsOfTheSimulatedBackends() {
		List<PoolBackend> pool = this.settings.bind("weir.pools.openai.backends", Bindable.listOf(PoolBackend.class))
			.get();
		assertThat(pool).extracting(PoolBackend::name).containsExactly("openai1", "openai2", "openai3");
		assertThat(pool).extracting(PoolBackend::priority).containsExactly(1, 2, 2);
		assertThat(pool).extracting(PoolBackend::dialect).containsOnly("azure");
		assertThat(pool).extracting(PoolBackend::apiKey).doesNotContainNull().doesNotHaveDuplicates();
		assertThat(pool).extracting(PoolBackend::name)
			.isEqualTo(this.simulated.stream().map(SimulatorProperties.Backend::name).toList());
		assertThat(pool).extracting(PoolBackend::url)
			.isEqualTo(this.simulated.stream()
				.map((backend) -> URI.create("http://127.0.0.1:" + backend.port()))
				.toList());
	}

	@Test
	void thirtyRequestsExceedTheQuotaOfTheFirstBackendOnly() {
		assertThat(served(this.simulated.get(0))).isBetween(8, 15);
		assertThat(served(this.simulated.get(1))).isEqualTo(30);
		assertThat(served(this.simulated.get(2))).isEqualTo(30);
	}

	private static int served(SimulatorProperties.Backend settings) {
		SimulatorProperties.Backend undelayed = SimulatorProperties.Backend.withoutDelay(settings.name(),
				settings.tokensPerMinute());
		try (SimulatedBackend backend = SimulatedBackend.start(undelayed, new VirtualTime())) {
			SimulatorClient client = new SimulatorClient(backend.url());
			int served = 0;
			for (int i = 0; i < 30; i++) {
				served += (client.chat().statusCode() == 200) ? 1 : 0;
			}
			return served;
		}
	}

	private static Binder settings() {
		StandardEnvironment environment = new StandardEnvironment();
		try {
			new YamlPropertySourceLoader().load("demo", new ClassPathResource("weir-demo.yml"))
				.forEach(environment.getPropertySources()::addLast);
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
		return Binder.get(environment);
	}

	record PoolBackend(String name, URI url, String apiKey, String dialect, int priority) {
	}

}
