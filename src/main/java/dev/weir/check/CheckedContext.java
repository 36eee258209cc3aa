package dev.weir.check;

import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.server.reactive.context.AnnotationConfigReactiveWebServerApplicationContext;

import dev.weir.credential.CredentialProvider;

/**
 * The application context of a check. It creates all beans as at a start, and then ends
 * instead of starting those that have a lifecycle: servers and the simulator.
 */
final class CheckedContext extends AnnotationConfigReactiveWebServerApplicationContext {

	private final boolean connect;

	private @Nullable String summary;

	private List<BackendReport> reports = List.of();

	/**
	 * Creates the context.
	 * @param connect whether the backends are tried
	 */
	CheckedContext(boolean connect) {
		this.connect = connect;
		addBeanFactoryPostProcessor((beans) -> {
			for (String name : beans.getBeanNamesForType(CredentialProvider.class, true, false)) {
				removeBeanDefinition(name);
				registerBean(name, CredentialProvider.class, CredentialProvider::withoutPrefetch);
			}
		});
	}

	@Override
	protected void finishRefresh() {
		this.summary = SettingsSummary.of(this);
		if (this.connect) {
			this.reports = getBean(BackendProbes.class).request().collectList().toFuture().join();
		}
		throw new SpringApplication.AbandonedRunException(this);
	}

	/**
	 * Returns the description of the configuration.
	 * @return the text
	 * @throws NullPointerException if the configuration is invalid
	 */
	String summary() {
		return Objects.requireNonNull(this.summary);
	}

	/**
	 * Returns the reports of the backends.
	 * @return the reports, empty if they were not tried
	 */
	List<BackendReport> reports() {
		return this.reports;
	}

}
