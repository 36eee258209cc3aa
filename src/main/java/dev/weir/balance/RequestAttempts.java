package dev.weir.balance;

import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.RequestDataContext;

import dev.weir.backend.Attempts;

/**
 * Finds a request's attempts in what Spring Cloud LoadBalancer is asked with: the gateway
 * hands over the live attributes of the exchange.
 */
final class RequestAttempts {

	private RequestAttempts() {
	}

	static Attempts of(Request<?> request) {
		if (request.getContext() instanceof RequestDataContext context && context.getClientRequest() != null
				&& context.getClientRequest().getAttributes().get(Attempts.ATTRIBUTE) instanceof Attempts attempts) {
			return attempts;
		}
		throw new IllegalStateException("A request to a pool must pass the failover filter");
	}

}
