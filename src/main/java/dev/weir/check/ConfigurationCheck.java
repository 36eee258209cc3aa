package dev.weir.check;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.env.Environment;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.core.io.support.SpringFactoriesLoader.ArgumentResolver;
import org.springframework.core.io.support.SpringFactoriesLoader.FailureHandler;

/**
 * Performs a start up to the point where the first server would listen: the configuration
 * is read as at a start, and all beans are created. So it accepts and rejects what a
 * start would. Then it prints the configuration, or the messages of the failed start.
 */
public final class ConfigurationCheck {

	private static final String CHECK = "--check";

	private static final String CONNECT = "--connect";

	/** The exit code for a valid configuration. */
	static final int VALID = 0;

	/** The exit code for an invalid configuration, and for a backend that fails. */
	static final int INVALID = 1;

	private final Class<?> application;

	private final PrintStream out;

	/**
	 * Creates the check.
	 * @param application the class of the application
	 * @param out where the result is printed
	 */
	public ConfigurationCheck(Class<?> application, PrintStream out) {
		this.application = application;
		this.out = out;
	}

	/**
	 * Whether the command line asks for a check instead of a start.
	 * @param arguments the command line
	 * @return whether to call {@link #run}
	 */
	public static boolean isRequested(String... arguments) {
		return Arrays.stream(arguments).anyMatch(Set.of(CHECK, CONNECT)::contains);
	}

	/**
	 * Checks the configuration.
	 * @param arguments the command line; all other arguments have the same effect as at a
	 * start
	 * @return the exit code: 0 if the configuration is valid and, with {@code --connect},
	 * all backends can be called; else 1
	 */
	public int run(String... arguments) {
		if (!Arrays.asList(arguments).contains(CHECK)) {
			this.out.println(CONNECT + " needs " + CHECK + " as well.");
			return INVALID;
		}
		List<String> others = new ArrayList<>(Arrays.asList(arguments));
		others.removeIf(Set.of(CHECK, CONNECT)::contains);
		CheckLog log = new CheckLog();
		CheckedContext context = new CheckedContext(Arrays.asList(arguments).contains(CONNECT));
		SpringApplication start = new SpringApplication(this.application);
		start.setApplicationContextFactory((type) -> context);
		start.setRegisterShutdownHook(false);
		start.setLogStartupInfo(false);
		start.addListeners(log);
		// the command line has the highest precedence
		others.add("--spring.main.banner-mode=off");
		log.install();
		try {
			start.run(others.toArray(String[]::new)).close();
			throw new IllegalStateException("The start was not abandoned");
		}
		catch (SpringApplication.AbandonedRunException ex) {
			printValid(context.summary(), log);
			return printReports(context.reports()) ? VALID : INVALID;
		}
		catch (RuntimeException ex) {
			printInvalid(context, ex);
			return INVALID;
		}
		finally {
			log.uninstall();
		}
	}

	private void printValid(String summary, CheckLog log) {
		this.out.println("The configuration is valid.");
		printBlock(log.notes());
		this.out.println();
		this.out.print(summary);
		if (!log.warnings().isEmpty()) {
			this.out.println();
			this.out.println("Warnings");
			log.warnings().forEach((warning) -> this.out.println("  " + warning));
		}
		this.out.flush();
	}

	/** Prints the findings and returns whether there is no fault. */
	private boolean printReports(List<BackendReport> reports) {
		if (reports.isEmpty()) {
			return true;
		}
		List<String> failed = reports.stream().filter(BackendReport::hasFault).map(BackendReport::backend).toList();
		printBlock(List.of("Connections"));
		this.out.print(BackendReport.table(reports));
		printBlock(List.of(failed.isEmpty() ? "No backend has a fault."
				: failed.size() + " of " + reports.size() + " backends cannot be used: " + String.join(", ", failed)));
		this.out.flush();
		return failed.isEmpty();
	}

	private void printInvalid(CheckedContext context, RuntimeException failure) {
		this.out.println("The configuration is not valid.");
		FailureAnalysis analysis = analyze(context, failure);
		if (analysis != null) {
			printBlock(List.of(analysis.getDescription()));
			if (analysis.getAction() != null && !analysis.getAction().isEmpty()) {
				printBlock(List.of(analysis.getAction()));
			}
		}
		else {
			printBlock(describe(failure));
		}
		this.out.flush();
	}

	private void printBlock(List<String> lines) {
		if (!lines.isEmpty()) {
			this.out.println();
			lines.forEach(this.out::println);
		}
	}

	/** Finds the message that a failed start prints, as Spring Boot does. */
	private static @Nullable FailureAnalysis analyze(CheckedContext context, RuntimeException failure) {
		ArgumentResolver arguments = ArgumentResolver.of(BeanFactory.class, context.getBeanFactory())
			.and(Environment.class, context.getEnvironment());
		return SpringFactoriesLoader.forDefaultResourceLocation(context.getClassLoader())
			.load(FailureAnalyzer.class, arguments, FailureHandler.handleMessage((message, ex) -> {
				// an analyzer that cannot be created explains nothing
			}))
			.stream()
			.map((analyzer) -> analyzer.analyze(failure))
			.filter(Objects::nonNull)
			.findFirst()
			.orElse(null);
	}

	private static List<String> describe(Throwable failure) {
		List<String> lines = new ArrayList<>();
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			lines.add(cause.getClass().getSimpleName() + ": " + cause.getMessage());
		}
		return lines;
	}

}
