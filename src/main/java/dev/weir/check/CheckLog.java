package dev.weir.check;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.helpers.MessageFormatter;

import org.springframework.boot.context.event.SpringApplicationEvent;
import org.springframework.boot.context.logging.LoggingApplicationListener;
import org.springframework.context.ApplicationListener;
import org.springframework.core.Ordered;

/**
 * Suppresses the log during a check, so that neither the terminal nor the log file of a
 * running Weir gets a line, and keeps the lines that are part of the result: the messages
 * about the loading of the configuration, and the warnings of Weir.
 */
final class CheckLog extends TurboFilter implements ApplicationListener<SpringApplicationEvent>, Ordered {

	private static final String WEIR = "dev.weir.";

	/** Logs that the context of a check was closed. */
	private static final String CHECK = "dev.weir.check.";

	private static final String LOADING = "dev.weir.config.load.";

	private final List<String> notes = new CopyOnWriteArrayList<>();

	private final List<String> warnings = new CopyOnWriteArrayList<>();

	void install() {
		uninstall();
		if (LoggerFactory.getILoggerFactory() instanceof LoggerContext loggers) {
			loggers.addTurboFilter(this);
		}
	}

	void uninstall() {
		if (LoggerFactory.getILoggerFactory() instanceof LoggerContext loggers) {
			loggers.getTurboFilterList().remove(this);
		}
	}

	@Override
	public int getOrder() {
		return LoggingApplicationListener.DEFAULT_ORDER + 1;
	}

	/** Spring Boot removes all filters when it configures the log. */
	@Override
	public void onApplicationEvent(SpringApplicationEvent event) {
		install();
	}

	@Override
	public FilterReply decide(@Nullable Marker marker, Logger logger, Level level, @Nullable String format,
			Object @Nullable [] params, @Nullable Throwable error) {
		boolean ofWeir = logger.getName().startsWith(WEIR) && !logger.getName().startsWith(CHECK);
		// without a format, the caller asks whether the level is enabled
		if (format != null && ofWeir) {
			if (level.isGreaterOrEqual(Level.WARN)) {
				this.warnings.add(MessageFormatter.arrayFormat(format, params).getMessage());
			}
			else if (level == Level.INFO && logger.getName().startsWith(LOADING)) {
				this.notes.add(MessageFormatter.arrayFormat(format, params).getMessage());
			}
		}
		return (format == null && ofWeir) ? FilterReply.NEUTRAL : FilterReply.DENY;
	}

	/**
	 * Returns which files were read.
	 * @return the lines
	 */
	List<String> notes() {
		return this.notes;
	}

	/**
	 * Returns the warnings that a start would log.
	 * @return the lines
	 */
	List<String> warnings() {
		return this.warnings;
	}

}
