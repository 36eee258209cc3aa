package dev.weir.reload;

import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

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

	private static final long LIMIT_SECONDS = 60;

	private final ConfigurationWatch watch;

	ReloadContextRefresher(ConfigurableApplicationContext context, RefreshScope scope, RefreshProperties properties,
			ConfigurationWatch watch) {
		super(context, scope, properties);
		this.watch = watch;
	}

	/**
	 * Reloads the configuration.
	 * @return the names of the properties that have changed in the files
	 * @throws InvalidEndpointRequestException with all mistakes, if the files are
	 * invalid; then nothing has changed
	 */
	@Override
	public synchronized Set<String> refresh() {
		Reload.Result result = read();
		if (result.problem() != null) {
			throw new InvalidEndpointRequestException(result.problem(), result.problem());
		}
		return result.changed();
	}

	private Reload.Result read() {
		try {
			return this.watch.readNow(ReloadCause.REFRESH).get(LIMIT_SECONDS, TimeUnit.SECONDS);
		}
		catch (ExecutionException | TimeoutException ex) {
			throw new IllegalStateException("The configuration could not be read", ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("The configuration could not be read", ex);
		}
	}

	@Override
	public synchronized Set<String> refreshEnvironment() {
		return refresh();
	}

}
