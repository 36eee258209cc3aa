package dev.weir.list;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.backend.Lanes;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.list.ListQuery;
import dev.weir.openai.list.MergedPage;
import dev.weir.reply.WholeReply;
import dev.weir.request.RequestContext;
import dev.weir.response.ErrorResponse;

/**
 * Writes the reply to a request for a merged list: a page, or an error that names the
 * backends whose objects are missing.
 */
final class ListReply {

	/** Names the backends that do not know the path of a list. */
	private static final String WITHOUT_LIST = "x-weir-backends-without-list";

	private static final Logger logger = LoggerFactory.getLogger(ListReply.class);

	private final RequestContext context;

	private final ListQuery query;

	private final ListCalls calls;

	private final ServerHttpResponse client;

	/**
	 * Creates the reply of a request.
	 * @param context the request
	 * @param query the parameters of the list
	 * @param calls the calls that the list is made of
	 * @param client the response of which the head is written
	 */
	ListReply(RequestContext context, ListQuery query, ListCalls calls, ServerHttpResponse client) {
		this.context = context;
		this.query = query;
		this.calls = calls;
		this.client = client;
	}

	/**
	 * The reply with a page.
	 * @param page the page
	 * @param resources the lanes of the resources of its objects
	 * @param without the refusals of backends that do not know the list
	 * @return the reply
	 */
	WholeReply page(MergedPage page, List<Lanes> resources, List<PartFailedException> without) {
		without.forEach(
				(one) -> logger.info("{} has no list of {} (status {}), so the merged list has no objects of it [{}]",
						one.backend(), this.query.list().path(), one.status(), this.context.id()));
		byte[] json = page.toJson();
		HttpHeaders headers = head(200, json.length);
		headers.set("x-weir-backend", resources.isEmpty() ? this.calls.backends() : this.calls.backends(resources));
		if (!without.isEmpty()) {
			headers.set(WITHOUT_LIST,
					without.stream().map(PartFailedException::backend).sorted().collect(Collectors.joining(",")));
		}
		return new WholeReply(json);
	}

	/**
	 * The reply if parts could not be read.
	 * @param failures the failed parts
	 * @return the error of a backend if the client can correct it, else one that names
	 * the backends
	 */
	WholeReply failure(List<PartFailedException> failures) {
		for (PartFailedException failed : failures) {
			ErrorResponse refusal = failed.refusal();
			if (refusal != null && refusal.isWhole() && refusal.status() < 500) {
				return refusal(failed.backend(), refusal);
			}
		}
		return incomplete(failures);
	}

	WholeReply incomplete(List<PartFailedException> failures) {
		Map<String, String> headers = new HashMap<>();
		List<String> reasons = new ArrayList<>();
		for (PartFailedException failed : failures) {
			reasons.add(failed.backend() + ": " + failed.getMessage());
			failed.headers().forEach((name, value) -> headers.merge(name, value, ListReply::longer));
		}
		return error(503, "The list is not complete, because the objects of some backends are missing. "
				+ String.join(" ", reasons), "incomplete_list", headers);
	}

	private static String longer(String one, String other) {
		return (one.length() > other.length() || (one.length() == other.length() && one.compareTo(other) > 0)) ? one
				: other;
	}

	private WholeReply refusal(String backend, ErrorResponse refusal) {
		HttpHeaders headers = head(refusal.status(), refusal.body().length);
		refusal.headers().forEach(headers::put);
		headers.setContentLength(refusal.body().length);
		headers.set("x-weir-backend", backend);
		return new WholeReply(refusal.body());
	}

	/**
	 * The reply if the list was not read in time.
	 * @return the error
	 */
	WholeReply late() {
		return error(504,
				"The list was not read before the deadline (weir.pools." + this.context.pool().name() + ".deadline).",
				"timeout", Map.of("retry-after", "1", "retry-after-ms", "1000"));
	}

	private WholeReply error(int status, String message, String code, Map<String, String> more) {
		logger.warn("The list of {} failed: {} [{}]", this.query.list().path(), message, this.context.id());
		byte[] body = new ApiError(status, message, "server_error", null, code).toJson();
		more.forEach(head(status, body.length)::set);
		return new WholeReply(body);
	}

	private HttpHeaders head(int status, int length) {
		this.client.setRawStatusCode(status);
		HttpHeaders headers = this.client.getHeaders();
		headers.setContentType(MediaType.APPLICATION_JSON);
		headers.setContentLength(length);
		headers.set("x-weir-attempts", String.valueOf(this.calls.attempts()));
		return headers;
	}

}
