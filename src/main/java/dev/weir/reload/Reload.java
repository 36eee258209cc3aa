package dev.weir.reload;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.github.resilience4j.common.CompositeCustomizer;
import io.github.resilience4j.common.circuitbreaker.configuration.CircuitBreakerConfigCustomizer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Backend;
import dev.weir.backend.BackendCondition;
import dev.weir.backend.Pools;
import dev.weir.backend.RefusedConfigurationException;
import dev.weir.config.load.ConfigurationReader;
import dev.weir.config.load.InvalidConfigurationException;
import dev.weir.config.load.LoadedConfiguration;
import dev.weir.gateway.LiveRoutes;

/**
 * Replaces the configuration while Weir runs. The files are read and checked completely,
 * then routes and pools are replaced together. Each request keeps the configuration with
 * which its route was found. An invalid file changes nothing.
 */
final class Reload {

	private static final Logger logger = LoggerFactory.getLogger(Reload.class);

	private final ConfigurationReader reader;

	private final Pools pools;

	private final LiveRoutes routes;

	private final List<ConfigurationListener> listeners;

	private final CompositeCustomizer<CircuitBreakerConfigCustomizer> breakerCustomizers;

	private final ConfigurationStatus status;

	private final LoadedConfiguration started;

	private LoadedConfiguration current;

	private Supplier<Set<Path>> watched;

	Reload(ConfigurationReader reader, LoadedConfiguration started, Pools pools, LiveRoutes routes,
			List<ConfigurationListener> listeners,
			CompositeCustomizer<CircuitBreakerConfigCustomizer> breakerCustomizers, ConfigurationStatus status) {
		this.reader = reader;
		this.started = started;
		this.current = started;
		this.watched = reader.watchedFiles(started);
		this.pools = pools;
		this.routes = routes;
		this.listeners = listeners;
		this.breakerCustomizers = breakerCustomizers;
		this.status = status;
	}

	/**
	 * Reads the files and applies them.
	 * @param cause why
	 * @return the changed properties, or the mistakes
	 */
	synchronized Result reload(ReloadCause cause) {
		try {
			LoadedConfiguration next = this.reader.read(this.current);
			return apply(cause, next, BreakerProperties.of(next, this.current, this.breakerCustomizers));
		}
		catch (InvalidConfigurationException ex) {
			return refuse(cause, ex.report());
		}
		catch (RefusedConfigurationException ex) {
			return refuse(cause, String.valueOf(ex.getMessage()));
		}
		catch (RuntimeException | StackOverflowError ex) {
			logger.debug("The configuration cannot be applied", ex);
			return refuse(cause, "The configuration cannot be applied: " + ex);
		}
		finally {
			this.watched = this.reader.watchedFiles(this.current);
		}
	}

	private Result apply(ReloadCause cause, LoadedConfiguration next, BreakerProperties breakers) {
		List<String> changes = describe(next, breakers);
		SortedSet<String> names = next.changedSince(this.current);
		SortedSet<String> restart = next.restartNeededSince(this.current);
		SortedSet<String> restartSinceStart = next.restartNeededSince(this.started);
		Pools.Change change = this.pools.prepare(next.properties(), breakers);
		LiveRoutes.Change routeChange = this.routes.prepare(change.pools(), next.gateway());
		try {
			this.listeners.forEach((listener) -> listener.prepare(change.pools()));
		}
		catch (RuntimeException ex) {
			this.routes.discard(routeChange);
			throw ex;
		}
		this.current = next;
		this.pools.apply(change);
		this.routes.apply(routeChange);
		// from here on the new configuration is in use, whatever fails
		notifyListeners((listener) -> listener.onApplied(change.pools()));
		report(cause, next, changes, names, cause.requested() ? restartSinceStart : restart);
		this.status.onValid(!changes.isEmpty(), restartSinceStart);
		return new Result(names, null);
	}

	private List<String> describe(LoadedConfiguration next, BreakerProperties breakers) {
		List<String> changes = new ArrayList<>(
				ConfigurationChanges.between(this.current.properties(), next.properties()));
		changes.addAll(ConfigurationChanges.between(this.current.gateway().getRoutes(), next.gateway().getRoutes()));
		if (!next.gateway().getDefaultFilters().equals(this.current.gateway().getDefaultFilters())) {
			changes.add("default filters changed");
		}
		changes.addAll(breakers.describe(
				this.pools.all().stream().flatMap((pool) -> pool.backends().stream()).map(Backend::name).toList()));
		return changes;
	}

	private void notifyListeners(Consumer<ConfigurationListener> notification) {
		for (ConfigurationListener listener : this.listeners) {
			try {
				notification.accept(listener);
			}
			catch (RuntimeException ex) {
				logger.error("{} could not follow the new configuration", listener.getClass().getSimpleName(), ex);
			}
		}
	}

	private void report(ReloadCause cause, LoadedConfiguration next, List<String> changes, SortedSet<String> changed,
			SortedSet<String> restart) {
		if (!changes.isEmpty()) {
			logger.info("Configuration reloaded after {}: {}", cause, String.join("; ", changes));
			next.warnings().forEach(logger::warn);
		}
		else if (this.status.problem().isPresent()) {
			logger.info("The configuration is valid again after {}; {}", cause, unchanged(changed));
		}
		else if (cause.requested()) {
			logger.info("Configuration read after {}: {}", cause, unchanged(changed));
		}
		if (!restart.isEmpty()) {
			logger.warn("These changes take effect when Weir is started again: {}", String.join(", ", restart));
		}
	}

	private static String unchanged(SortedSet<String> changed) {
		return changed.isEmpty() ? "nothing has changed" : "nothing that takes effect now has changed";
	}

	private Result refuse(ReloadCause cause, String problem) {
		if (!cause.requested() && problem.equals(this.status.problem().orElse(null))) {
			logger.debug("The configuration is still invalid after {}", cause);
			return new Result(new TreeSet<>(), problem);
		}
		logger.error("The configuration is invalid after {}; Weir continues with the previous one.\n\n{}", cause,
				problem.stripTrailing());
		this.status.onInvalid(problem);
		return new Result(new TreeSet<>(), problem);
	}

	/**
	 * Releases what belonged to removed backends whose last attempt has ended. To be
	 * called regularly.
	 */
	synchronized void releaseRemoved() {
		List<BackendCondition> gone = this.pools.forgetRemoved();
		notifyListeners((listener) -> listener.onRemoved(gone, this.pools.current()));
	}

	/**
	 * The files whose changes can change the configuration.
	 * @return absolute paths
	 */
	synchronized Set<Path> watchedFiles() {
		return this.watched.get();
	}

	/**
	 * The result of a reload.
	 *
	 * @param changed the names of the properties that have changed in the files
	 * @param problem the mistakes because of which nothing has changed, {@code null} if
	 * there are none
	 */
	record Result(SortedSet<String> changed, @Nullable String problem) {
	}

}
