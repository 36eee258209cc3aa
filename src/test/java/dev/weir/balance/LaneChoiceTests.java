package dev.weir.balance;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.Test;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;

import dev.weir.backend.Lane;
import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * A {@link LoadBalancerLifecycle} is notified of the choices of Weir.
 */
class LaneChoiceTests {

	@Test
	void aLoadBalancerLifecycleIsNotifiedOfEachChoice() {
		RecordingLifecycle lifecycle = new RecordingLifecycle();
		try (RawBackend first = RawBackend.start(throttling("retry-after: 7"));
				RawBackend second = RawBackend.start(SERVES);
				WeirServer weir = WeirServer.start(
						(context) -> context.registerBean(LoadBalancerLifecycle.class, () -> lifecycle),
						WeirServer.pool("", WeirServer.backend("a", first.url()),
								WeirServer.backend("b", second.url(), "priority: 2")))) {
			assertThat(weir.chat().body()).isEqualTo(Bodies.COMPLETION);
			assertThat(lifecycle.chosen).containsExactly("a", "b");
		}
	}

	private static final class RecordingLifecycle implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

		private final List<String> chosen = new CopyOnWriteArrayList<>();

		@Override
		public void onStart(Request<Object> request) {
			// no lane has been chosen yet
		}

		@Override
		public void onStartRequest(Request<Object> request, Response<ServiceInstance> response) {
			this.chosen.add(((Lane) response.getServer()).backend().name());
		}

		@Override
		public void onComplete(CompletionContext<Object, ServiceInstance, Object> completion) {
			// not of interest
		}

	}

}
