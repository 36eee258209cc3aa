package dev.weir.inbound;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeoutException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.channel.AbortedException;

import org.springframework.boot.webflux.error.ErrorWebExceptionHandler;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.BrokenResponseException;
import dev.weir.request.BrokenBodyException;
import dev.weir.request.ClientGoneException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.memory.OutOfMemory;
import dev.weir.request.RequestContext;

/**
 * Writes a reply in OpenAI's error format for every error that Weir itself raises, so
 * that any OpenAI client understands it.
 */
final class ErrorReplyHandler implements ErrorWebExceptionHandler, Ordered {

	private static final Logger logger = LoggerFactory.getLogger(ErrorReplyHandler.class);

	/** Before Spring Boot's own handler, whose order is -1. */
	static final int ORDER = -2;

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> handle(ServerWebExchange exchange, Throwable thrown) {
		OutOfMemory.check(thrown);
		Throwable error = (thrown instanceof ClientGoneException gone && gone.reply() != null) ? gone.reply() : thrown;
		ServerHttpResponse response = exchange.getResponse();
		if (error instanceof BrokenBodyException) {
			logger.info("{} {} was not executed: {} [{}]", exchange.getRequest().getMethod(),
					exchange.getRequest().getPath(), error.getMessage(), RequestContext.idOf(exchange));
		}
		if (response.isCommitted()) {
			return Mono.error(error);
		}
		ApiError reply = replyTo(error, exchange);
		if (reply.status() == HttpStatus.INTERNAL_SERVER_ERROR.value()) {
			logger.error("{} {} failed [{}]", exchange.getRequest().getMethod(), exchange.getRequest().getPath(),
					RequestContext.idOf(exchange), error);
		}
		RequestContext context = RequestContext.find(exchange);
		if (context != null) {
			context.passThrough(false);
			context.loop().execute(() -> {
				context.release();
				context.notifyEnd(isGone(error) ? RequestContext.CLIENT_LEFT : reply.status());
			});
		}
		byte[] body = reply.toJson();
		response.setRawStatusCode(reply.status());
		response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
		response.getHeaders().setContentLength(body.length);
		headersOf(error).forEach(response.getHeaders()::set);
		return response.writeWith(Mono.fromSupplier(() -> response.bufferFactory().wrap(body)));
	}

	/** Whether the client can no longer receive a reply. */
	private static boolean isGone(Throwable error) {
		return error instanceof ClientGoneException && !(error instanceof BrokenBodyException);
	}

	private static Map<String, String> headersOf(Throwable error) {
		return (error instanceof ApiErrorException known) ? known.headers() : Map.of();
	}

	private static ApiError replyTo(Throwable error, ServerWebExchange exchange) {
		if (error instanceof ApiErrorException known) {
			return known.error();
		}
		if (error instanceof MalformedRequestException malformed) {
			return new ApiError(400, malformed.getMessage() + ".", "invalid_request_error", malformed.param(),
					"invalid_request_body");
		}
		if (error instanceof BrokenBodyException) {
			return ApiError.invalid(400, error.getMessage() + " (RFC 9112, section 7.1); the request was not executed.",
					null, "invalid_http_request");
		}
		if (error instanceof ClientGoneException || error instanceof AbortedException) {
			logger.debug("Could not read a request to its end: {}", error.getMessage());
			return ApiError.invalid(400, "The request could not be read to its end.", null, "incomplete_request");
		}
		if (error instanceof DataBufferLimitException) {
			return ApiError.invalid(413, "The request body is too large.", null, "request_too_large");
		}
		if (error instanceof ResponseStatusException status) {
			return replyTo(status, exchange);
		}
		if (error instanceof TimeoutException) {
			return new ApiError(504, "The backend did not respond in time.", "server_error", null, "timeout");
		}
		if (error instanceof IOException || error instanceof BrokenResponseException) {
			return new ApiError(502, "The backend could not be reached or broke off its response.", "server_error",
					null, "bad_gateway");
		}
		return ApiError.internal();
	}

	private static ApiError replyTo(ResponseStatusException error, ServerWebExchange exchange) {
		int status = error.getStatusCode().value();
		if (status == 404) {
			return ApiError.invalid(404, "There is no route for " + exchange.getRequest().getMethod() + " "
					+ exchange.getRequest().getPath().value() + ".", null, "not_found");
		}
		String reason = error.getReason();
		HttpStatus known = HttpStatus.resolve(status);
		String message = (reason != null) ? reason : (known != null) ? known.getReasonPhrase() : "Error " + status;
		return (status < 500) ? ApiError.invalid(status, message, null, "invalid_request")
				: new ApiError(status, message, "server_error", null, (status == 504) ? "timeout" : "server_error");
	}

}
