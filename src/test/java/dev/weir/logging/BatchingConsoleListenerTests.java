package dev.weir.logging;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class BatchingConsoleListenerTests {

	private final LoggerContext context = new LoggerContext();

	private final Logger root = this.context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

	@Test
	void theConsoleAppenderOfSpringBootIsReplacedOnce() {
		add("CONSOLE");
		BatchingConsoleListener.replaceConsole(this.context);
		assertThat(this.root.getAppender("CONSOLE")).isInstanceOf(BatchingAppender.class);
		BatchingAppender first = (BatchingAppender) this.root.getAppender("CONSOLE");
		BatchingConsoleListener.replaceConsole(this.context);
		assertThat(this.root.getAppender("CONSOLE")).isSameAs(first);
		assertThat(first.isStarted()).isTrue();
		this.context.stop();
		assertThat(first.isStarted()).isFalse();
	}

	@Test
	void anAppenderWithAnotherNameIsKept() {
		ConsoleAppender<ILoggingEvent> own = add("OWN");
		BatchingConsoleListener.replaceConsole(this.context);
		assertThat(this.root.getAppender("OWN")).isSameAs(own);
		this.context.stop();
	}

	private ConsoleAppender<ILoggingEvent> add(String name) {
		PatternLayoutEncoder encoder = new PatternLayoutEncoder();
		encoder.setContext(this.context);
		encoder.setPattern("%m%n");
		encoder.start();
		ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
		console.setContext(this.context);
		console.setName(name);
		console.setEncoder(encoder);
		console.start();
		this.root.addAppender(console);
		return console;
	}

}
