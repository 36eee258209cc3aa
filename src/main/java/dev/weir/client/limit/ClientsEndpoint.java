package dev.weir.client.limit;

import java.util.List;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

/**
 * {@code /actuator/clients}: how much each client has used of its limits.
 */
@Endpoint(id = "clients")
final class ClientsEndpoint {

	private final ClientQuotas quotas;

	ClientsEndpoint(ClientQuotas quotas) {
		this.quotas = quotas;
	}

	@ReadOperation
	Report all() {
		return new Report(this.quotas.report());
	}

	/**
	 * Returns one client.
	 * @param name the name of the client
	 * @return the client, or {@code null}, which becomes a 404, if there is none of that
	 * name
	 */
	@ReadOperation
	@Nullable ClientReport one(@Selector String name) {
		return this.quotas.report(name);
	}

	/**
	 * All clients.
	 *
	 * @param clients the clients
	 */
	record Report(List<ClientReport> clients) {
	}

	/**
	 * A client.
	 *
	 * @param name its name
	 * @param inFlight its requests that run now, if it has limits
	 * @param maxConcurrent the limit of requests in flight, if there is one
	 * @param refused its requests that exceeded a limit since the start
	 * @param limits its other limits
	 */
	@JsonInclude(JsonInclude.Include.NON_NULL)
	record ClientReport(String name, int inFlight, @Nullable Integer maxConcurrent, long refused,
			List<WindowReport> limits) {
	}

	/**
	 * A limit.
	 *
	 * @param limit its property
	 * @param model the pattern of its models, if it is not for all
	 * @param allowed the number that is allowed in each window
	 * @param used the number that was used in this window, reserved ones and those that
	 * earlier windows have taken from it included
	 * @param remaining the number that is left in this window; of all Weirs together, if
	 * they share it
	 * @param windowRemainingMillis the time until the next window
	 */
	@JsonInclude(JsonInclude.Include.NON_NULL)
	record WindowReport(String limit, @Nullable String model, long allowed, long used, long remaining,
			long windowRemainingMillis) {

		static WindowReport of(LimitWindow window) {
			return new WindowReport(window.kind().property(), window.model(), window.limit(),
					window.limit() - window.left(), Math.max(0, window.remaining()), window.millisLeft());
		}

	}

}
