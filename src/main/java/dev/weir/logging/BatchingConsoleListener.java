package dev.weir.logging;

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
 * Replaces the console appender of Spring Boot by a {@link BatchingAppender} with the
 * same format and filters, unless the user has a Logback configuration
 * ({@code logging.config}).
 */
public final class BatchingConsoleListener
		implements ApplicationListener<ApplicationEnvironmentPreparedEvent>, Ordered {

	// the name that Spring Boot gives it
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
		replaceConsole(context);
	}

	static void replaceConsole(LoggerContext context) {
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
