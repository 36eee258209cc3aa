package dev.weir.affinity;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.config.ReasoningAffinity;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.request.Binding;
import dev.weir.request.RequestContext;

/**
 * Resolves a conflict between objects of different backends, if leaving out the reasoning
 * of all backends but one is enough.
 */
final class ReasoningConflict {

	private static final Logger logger = LoggerFactory.getLogger(ReasoningConflict.class);

	private ReasoningConflict() {
	}

	/**
	 * Binds a request to the owner of its objects. If several backends have made its
	 * reasoning, that of all but one is left out: the last one is kept if possible.
	 * @param context the request
	 * @param known the owners of its objects
	 * @return the restriction, or {@code null} if the request has no object any more
	 * @throws dev.weir.openai.error.ApiErrorException if the conflict remains
	 */
	static @Nullable Binding resolve(RequestContext context, KnownOwners known) {
		if (!known.isConflict()) {
			return known.binding();
		}
		Map<String, List<Owner>> reasoning = reasoning(known);
		if (reasoning.isEmpty() || context.pool().properties().affinity().reasoning() != ReasoningAffinity.DROP) {
			return known.binding();
		}
		for (Owner owner : ownersToKeep(known, reasoning)) {
			boolean reduced = context.leaveOutReasoning(
					(hash) -> reasoning.containsKey(hash) && reasoning.get(hash).stream().noneMatch(owner::isSameAs),
					(call) -> !known.namedBy(call).isConflict());
			if (reduced) {
				logger.warn("Encrypted reasoning that backend {} has not made is left out of the request [{}]",
						KnownOwners.nameIn(context.pool(), owner), context.id());
				return known.namedBy(context.call()).binding();
			}
		}
		return known.binding();
	}

	/** By the hash, or by the id of an item that the backend stores. */
	private static Map<String, List<Owner>> reasoning(KnownOwners known) {
		Map<String, List<Owner>> reasoning = new LinkedHashMap<>();
		known.owners().forEach((named, owners) -> {
			if (named.object().kind() == ObjectKind.REASONING || named.object().kind() == ObjectKind.ITEM) {
				reasoning.put(named.object().id(), owners);
			}
		});
		return reasoning;
	}

	/** The owners of reasoning, the last one first, and then those of other objects. */
	private static Iterable<Owner> ownersToKeep(KnownOwners known, Map<String, List<Owner>> reasoning) {
		Deque<Owner> kept = new ArrayDeque<>();
		reasoning.values().stream().flatMap(List::stream).forEach((owner) -> {
			kept.removeIf(owner::isSameAs);
			kept.push(owner);
		});
		known.owners()
			.values()
			.stream()
			.flatMap(List::stream)
			.filter((owner) -> kept.stream().noneMatch(owner::isSameAs))
			.forEach(kept::add);
		return kept;
	}

}
