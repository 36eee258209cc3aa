package dev.weir.memory;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.boot.context.logging.LoggingApplicationListener;
import org.springframework.context.ApplicationListener;
import org.springframework.core.Ordered;

/**
 * A Logback appender that ends the process when an {@link OutOfMemoryError} is logged.
 * Netty's event loops, Reactor and Spring log every unhandled error, so no other place
 * sees all of them.
 */
public final class OutOfMemoryAppender extends AppenderBase<ILoggingEvent>
		implements ApplicationListener<ApplicationEnvironmentPreparedEvent>, Ordered {

	private static final String NAME = "OUT_OF_MEMORY";

	@Override
	public int getOrder() {
		return LoggingApplicationListener.DEFAULT_ORDER + 1;
	}

	@Override
	public void onApplicationEvent(ApplicationEnvironmentPreparedEvent event) {
		if (LoggerFactory.getILoggerFactory() instanceof LoggerContext loggers) {
			install(loggers);
		}
	}

	void install(LoggerContext loggers) {
		setName(NAME);
		setContext(loggers);
		start();
		Logger root = loggers.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
		root.detachAppender(NAME);
		root.addAppender(this);
	}

	@Override
	protected void append(ILoggingEvent event) {
		if (event.getThrowableProxy() instanceof ThrowableProxy thrown) {
			OutOfMemory.check(thrown.getThrowable());
		}
	}

}
