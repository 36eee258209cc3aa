package dev.weir.simulator;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Handles the requests to a simulated backend: reads the body, checks the credential, the
 * URL and the quota, and responds.
 */
final class RequestHandler {

	private static final Duration THROTTLE_DELAY = Duration.ofSeconds(20);

	private static final int MAX_BODY = 32 * 1024 * 1024;

	private final SimulatorProperties.Backend settings;

	private final Clock clock;

	private final DeploymentQuotas quotas;

	private final PromptCache promptCache;

	private final long startedAt;

	private final AtomicLong requests = new AtomicLong();

	private final AtomicLong throttled = new AtomicLong();

	private volatile Mode mode = Mode.OK;

	RequestHandler(SimulatorProperties.Backend settings, Clock clock) {
		this.settings = settings;
		this.clock = clock;
		this.quotas = new DeploymentQuotas(settings.tokensPerMinute(), clock);
		this.promptCache = new PromptCache(clock);
		this.startedAt = clock.millis();
	}

	Mono<Void> handle(HttpServerRequest request, HttpServerResponse response) {
		String serial = "%s-%x-%d".formatted(this.settings.name(), this.startedAt, this.requests.incrementAndGet());
		response.header("x-simulated", "true")
			.header("x-ms-region", "Simulated")
			.header("apim-request-id", UUID.nameUUIDFromBytes(serial.getBytes(StandardCharsets.UTF_8)).toString());
		if (Mode.isChange(request.uri())) {
			return changeMode(request, response);
		}
		if (this.mode == Mode.HANG) {
			return request.receive().then(Mono.never());
		}
		return ReceivedBody.read(request.receive(), MAX_BODY)
			.map((body) -> respond(request, body, response, serial))
			.flatMap((simulated) -> simulated.send(response, this.settings.firstEventDelay(),
					this.settings.eventInterval()))
			.onErrorResume(SimulatedErrorException.class, (error) -> error.send(response));
	}

	private Mono<Void> changeMode(HttpServerRequest request, HttpServerResponse response) {
		Mode wanted = Mode.of(request.uri()).orElse(null);
		if (wanted == null || !HttpMethod.POST.equals(request.method())) {
			return SimulatedErrorException
				.azure(404, "Send POST /simulator/ and one of " + Arrays.toString(Mode.values()))
				.send(response);
		}
		this.mode = wanted;
		return SimulatedResponse
			.json(JsonNodeFactory.instance.objectNode().put(this.settings.name(), wanted.toString()))
			.send(response, Duration.ZERO, Duration.ZERO);
	}

	long requests() {
		return this.requests.get();
	}

	long throttled() {
		return this.throttled.get();
	}

	private SimulatedResponse respond(HttpServerRequest request, ReceivedBody body, HttpServerResponse response,
			String serial) {
		if (!hasCredential(request.requestHeaders())) {
			throw SimulatedErrorException
				.azure(401, "Access denied due to invalid subscription key or wrong API endpoint."
						+ " Make sure to provide a valid key for an active subscription and use a correct regional API"
						+ " endpoint for your resource.");
		}
		Target target = target(request);
		if (this.mode == Mode.DOWN) {
			throw SimulatedErrorException.azure(503, "The service is down (simulated by " + this.settings.name() + ")");
		}
		SimulatedOperation operation = target.operation();
		ObjectNode fields = operation.isMultipart()
				? body.form(request.requestHeaders().get(HttpHeaderNames.CONTENT_TYPE)) : body.json();
		String model = model(target.deployment(), fields);
		admit(target, model, fields, response);
		return operation.respond(new SimulatedRequest(this.settings.name(), target.azure(), model, fields, serial,
				this.clock.instant().getEpochSecond(), this.promptCache.use(model, fields)));
	}

	private static boolean hasCredential(HttpHeaders headers) {
		String authorization = headers.get(HttpHeaderNames.AUTHORIZATION, "");
		return !headers.get("api-key", "").isBlank()
				|| (authorization.regionMatches(true, 0, "Bearer ", 0, 7) && !authorization.substring(7).isBlank());
	}

	private static Target target(HttpServerRequest request) {
		if (!HttpMethod.POST.equals(request.method())) {
			throw SimulatedErrorException.azure(404, "Resource not found");
		}
		try {
			return Target.parse(request.uri())
				.orElseThrow(() -> SimulatedErrorException.azure(404, "Resource not found"));
		}
		catch (IllegalArgumentException ex) {
			throw SimulatedErrorException.azure(400, "The URL is not well encoded");
		}
	}

	private static String model(@Nullable String deployment, ObjectNode fields) {
		if (deployment != null) {
			return deployment;
		}
		JsonNode model = fields.path("model");
		if (!model.isString() || model.stringValue().isBlank()) {
			throw SimulatedErrorException.invalid("Missing required parameter: 'model'.", "model");
		}
		return model.stringValue();
	}

	private void admit(Target target, String model, ObjectNode fields, HttpServerResponse response) {
		Admission admission = (this.mode == Mode.THROTTLE)
				? new Admission(this.settings.tokensPerMinute(), 0, 0, THROTTLE_DELAY)
				: this.quotas.reserve(model, TokenEstimate.cost(target.operation(), fields));
		String limit = Integer.toString(admission.limit());
		response.header("x-ratelimit-limit-tokens", limit)
			.header("x-ratelimit-limit-requests", limit)
			.header("x-ratelimit-remaining-tokens", Long.toString(admission.remainingTokens()))
			.header("x-ratelimit-remaining-requests", Long.toString(admission.remainingRequests()));
		if (!admission.granted()) {
			this.throttled.incrementAndGet();
			throw SimulatedErrorException.throttled(target, admission, this.settings.name());
		}
	}

}
