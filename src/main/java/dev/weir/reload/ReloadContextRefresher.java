package dev.weir.reload;

import java.util.Set;

import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.cloud.autoconfigure.RefreshAutoConfiguration.RefreshProperties;
import org.springframework.cloud.context.refresh.ConfigDataContextRefresher;
import org.springframework.cloud.context.scope.refresh.RefreshScope;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Makes Spring Cloud's refresh endpoint and its refresh event reload the configuration as
 * a change of the files does. Spring Cloud's own refresh resets beans to their defaults
 * while requests read them.
 */
final class ReloadContextRefresher extends ConfigDataContextRefresher {

	private final Reload reload;

	ReloadContextRefresher(ConfigurableApplicationContext context, RefreshScope scope, RefreshProperties properties,
			Reload reload) {
		super(context, scope, properties);
		this.reload = reload;
	}

	/**
	 * Reloads the configuration.
	 * @return the names of the properties that have changed in the files
	 * @throws InvalidEndpointRequestException with all mistakes, if the files are
	 * invalid; then nothing has changed
	 */
	@Override
	public synchronized Set<String> refresh() {
		Reload.Result result = this.reload.reload("a refresh");
		if (result.problem() != null) {
			throw new InvalidEndpointRequestException(result.problem(), result.problem());
		}
		return result.changed();
	}

	@Override
	public synchronized Set<String> refreshEnvironment() {
		return refresh();
	}

}
