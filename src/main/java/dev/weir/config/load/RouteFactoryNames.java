package dev.weir.config.load;

import java.util.Set;
import java.util.TreeSet;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.util.ClassUtils;

/**
 * Names of the predicates and filters that a route can use.
 *
 * @param predicates the names of predicates, {@code Path} for instance; empty if unknown
 * @param filters the names of filters, {@code StripPrefix} for instance; empty if unknown
 */
record RouteFactoryNames(Set<String> predicates, Set<String> filters) {

	static final RouteFactoryNames UNKNOWN = new RouteFactoryNames(Set.of(), Set.of());

	/**
	 * Finds the names in the definitions of beans, without creating a bean.
	 * @param beans the definitions of all beans
	 * @return the names
	 */
	static RouteFactoryNames of(ListableBeanFactory beans) {
		return new RouteFactoryNames(names(beans, RoutePredicateFactory.class),
				names(beans, GatewayFilterFactory.class));
	}

	// the same rule as in Spring Cloud Gateway's NameUtils
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
