package dev.weir.check;

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

	private @Nullable String summary;

	CheckedContext() {
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

}
