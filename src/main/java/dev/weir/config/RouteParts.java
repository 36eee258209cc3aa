package dev.weir.config;

import java.util.Set;
import java.util.TreeSet;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.util.ClassUtils;

/**
 * What routes may be made of.
 *
 * @param predicates the names of predicates, {@code Path} for instance; none if they are
 * not known
 * @param filters the names of filters, {@code StripPrefix} for instance; none if they are
 * not known
 */
record RouteParts(Set<String> predicates, Set<String> filters) {

	static final RouteParts UNKNOWN = new RouteParts(Set.of(), Set.of());

	/**
	 * Reads them from the beans that will be made.
	 * @param beans the definitions of all beans
	 * @return the names by which routes refer to them
	 */
	static RouteParts in(ListableBeanFactory beans) {
		return new RouteParts(names(beans, RoutePredicateFactory.class), names(beans, GatewayFilterFactory.class));
	}

	// as Spring Cloud Gateway's NameUtils does
	private static Set<String> names(ListableBeanFactory beans, Class<?> factory) {
		Set<String> names = new TreeSet<>();
		for (String bean : beans.getBeanNamesForType(factory, true, false)) {
			Class<?> type = beans.getType(bean, false);
			if (type != null) {
				names.add(ClassUtils.getUserClass(type).getSimpleName().replace(factory.getSimpleName(), ""));
			}
		}
		return names;
	}

}
