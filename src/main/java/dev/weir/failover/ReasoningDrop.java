package dev.weir.failover;

import java.util.function.Predicate;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.config.ReasoningAffinity;
import dev.weir.openai.call.ApiCall;
import dev.weir.request.Binding;
import dev.weir.request.RequestContext;

/**
 * Leaves encrypted reasoning out of a request whose backend does not take it, if the pool
 * allows that.
 */
final class ReasoningDrop {

	private static final Logger logger = LoggerFactory.getLogger(ReasoningDrop.class);

	private ReasoningDrop() {
	}

	/**
	 * Leaves all reasoning out, because no backend knows it.
	 * @param context the request
	 * @return whether there was any
	 */
	static boolean ofUnknownOrigin(RequestContext context) {
		return leaveOut(context, (call) -> true, "no backend knows it");
	}

	/**
	 * Leaves all reasoning out, if then another backend than its owner can take the
	 * request.
	 * @param context the request, bound to a backend that does not take it
	 * @return whether another backend can take it now
	 */
	static boolean ofOwner(RequestContext context) {
		Binding binding = context.binding();
		return binding != null && !binding.isHome() && leaveOut(context, (call) -> isFree(call, binding),
				"backend " + binding.owner() + ", which made it, cannot take the request");
	}

	private static boolean leaveOut(RequestContext context, Predicate<ApiCall> acceptable, String why) {
		if (context.pool().properties().affinity().reasoning() != ReasoningAffinity.DROP || !context.call().replayable()
				|| !context.leaveOutReasoning((hash) -> true, acceptable)) {
			return false;
		}
		logger.warn("Encrypted reasoning is left out of the request, because {} [{}]", why, context.id());
		Binding binding = context.binding();
		if (binding != null && !binding.isHome() && isFree(context.call(), binding)) {
			context.bind(null);
			context.failover().candidates().widen();
		}
		return true;
	}

	/** Whether a call names nothing that the owner has. */
	private static boolean isFree(ApiCall call, Binding binding) {
		return call.objects().stream().noneMatch((named) -> binding.objects().contains(named.object()));
	}

}
