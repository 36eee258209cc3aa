package dev.weir.gateway;

import java.util.HashMap;
import java.util.Map;

import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.ServerWebExchangeDecorator;

import dev.weir.request.RequestContext;

/**
 * The exchange of a part of a request: the client's exchange with a separate context, so
 * that several parts can run at the same time.
 */
final class PartExchange extends ServerWebExchangeDecorator {

	private final Map<String, Object> attributes;

	/**
	 * Creates the exchange.
	 * @param request the client's exchange
	 * @param part the context of the part
	 */
	PartExchange(ServerWebExchange request, RequestContext part) {
		super(request);
		this.attributes = new HashMap<>(request.getAttributes());
		part.store(this);
	}

	@Override
	public Map<String, Object> getAttributes() {
		return this.attributes;
	}

}
