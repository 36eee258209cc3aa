package dev.weir.check;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;

import dev.weir.config.LiveConfiguration;

/**
 * Opens a connection to each backend once Weir serves requests, in the background, and
 * logs the faults. It sends no request, so no quota is used, and it changes no state.
 */
final class StartupCheck implements ApplicationListener<ApplicationReadyEvent>, DisposableBean {

	private static final Logger logger = LoggerFactory.getLogger(StartupCheck.class);

	private final LiveConfiguration configuration;

	private final BackendProbes probes;

	private volatile @Nullable Disposable running;

	StartupCheck(LiveConfiguration configuration, BackendProbes probes) {
		this.configuration = configuration;
		this.probes = probes;
	}

	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		if (this.configuration.current().startupCheck()) {
			this.running = this.probes.connect()
				.subscribe(StartupCheck::warn, (error) -> logger.warn("The check of the backends failed", error));
		}
	}

	private static void warn(BackendReport report) {
		report.findings()
			.stream()
			.filter(Finding::isHint)
			.forEach((finding) -> logger.warn("Backend {}: {}. {}", report.backend(), finding.text(), finding.cure()));
	}

	@Override
	public void destroy() {
		Disposable started = this.running;
		if (started != null) {
			started.dispose();
		}
	}

}
