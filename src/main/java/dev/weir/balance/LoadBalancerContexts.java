package dev.weir.balance;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.cloud.client.loadbalancer.LoadBalancerClientsProperties;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.support.GenericApplicationContext;

/**
 * Spring Cloud LoadBalancer's factory, which creates a context for each pool, with the
 * ability to close one of them. The original closes all contexts together, at the end.
 */
final class LoadBalancerContexts extends LoadBalancerClientFactory {

	private final Map<String, GenericApplicationContext> contexts = new ConcurrentHashMap<>();

	LoadBalancerContexts(LoadBalancerClientsProperties properties) {
		super(properties);
	}

	@Override
	protected GenericApplicationContext getContext(String name) {
		GenericApplicationContext known = this.contexts.get(name);
		return (known != null) ? known : create(name);
	}

	// not computeIfAbsent: the beans of a context may ask for another context
	private synchronized GenericApplicationContext create(String name) {
		GenericApplicationContext known = this.contexts.get(name);
		if (known != null) {
			return known;
		}
		GenericApplicationContext created = createContext(name);
		this.contexts.put(name, created);
		return created;
	}

	/**
	 * The gateway builds all routes again whenever a context has started, except those
	 * whose names begin like this.
	 */
	@Override
	protected String generateDisplayName(String name) {
		return LoadBalancerClientFactory.class.getSimpleName() + "-" + name;
	}

	@Override
	public Set<String> getContextNames() {
		return Set.copyOf(this.contexts.keySet());
	}

	/**
	 * Closes the context of a pool. It is created again if it is asked for.
	 * @param name the name of the pool
	 */
	synchronized void close(String name) {
		GenericApplicationContext context = this.contexts.remove(name);
		if (context != null) {
			context.close();
		}
	}

	@Override
	public void destroy() {
		getContextNames().forEach(this::close);
		super.destroy();
	}

}
