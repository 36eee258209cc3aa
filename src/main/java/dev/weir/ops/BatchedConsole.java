package dev.weir.ops;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.boot.context.logging.LoggingApplicationListener;
import org.springframework.context.ApplicationListener;
import org.springframework.core.Ordered;

/**
 * Has Spring Boot's console log written in batches, in whatever format its properties ask
 * for. A Logback configuration that the user names ({@code logging.config}) is left
 * alone.
 */
public final class BatchedConsole implements ApplicationListener<ApplicationEnvironmentPreparedEvent>, Ordered {

	// as Spring Boot names it
	private static final String CONSOLE = "CONSOLE";

	@Override
	public int getOrder() {
		return LoggingApplicationListener.DEFAULT_ORDER + 1;
	}

	@Override
	public void onApplicationEvent(ApplicationEnvironmentPreparedEvent event) {
		if (event.getEnvironment().containsProperty(LoggingApplicationListener.CONFIG_PROPERTY)
				|| !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
			return;
		}
		batch(context);
	}

	static void batch(LoggerContext context) {
		Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
		if (root.getAppender(CONSOLE) instanceof ConsoleAppender<ILoggingEvent> console) {
			BatchingAppender batching = new BatchingAppender(console.getEncoder(),
					ConsoleTarget.findByName(console.getTarget()).getStream());
			batching.setName(CONSOLE);
			batching.setContext(context);
			console.getCopyOfAttachedFiltersList().forEach(batching::addFilter);
			batching.start();
			root.addAppender(batching);
			root.detachAppender(console);
		}
	}

}
