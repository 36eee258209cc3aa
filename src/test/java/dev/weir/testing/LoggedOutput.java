package dev.weir.testing;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import org.slf4j.LoggerFactory;

/**
 * Captures all output, logs included, instead of printing it.
 */
public final class LoggedOutput implements AutoCloseable {

	private final PrintStream out = System.out;

	private final PrintStream err = System.err;

	private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

	private LoggedOutput() {
		PrintStream stream = new PrintStream(this.printed, true, StandardCharsets.UTF_8);
		System.setOut(stream);
		System.setErr(stream);
	}

	public static LoggedOutput start() {
		return new LoggedOutput();
	}

	/**
	 * The captured output.
	 * @return the text
	 */
	public String text() {
		return this.printed.toString(StandardCharsets.UTF_8);
	}

	/**
	 * Restores the output and the default log levels.
	 */
	@Override
	public void close() {
		List<Logger> loggers = ((LoggerContext) LoggerFactory.getILoggerFactory()).getLoggerList();
		loggers
			.forEach((logger) -> logger.setLevel(Logger.ROOT_LOGGER_NAME.equals(logger.getName()) ? Level.INFO : null));
		System.setOut(this.out);
		System.setErr(this.err);
	}

}
