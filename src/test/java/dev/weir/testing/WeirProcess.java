package dev.weir.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import dev.weir.WeirApplication;

/**
 * Weir in a process of its own, for tests of its memory and of its end.
 */
public final class WeirProcess implements AutoCloseable {

	private final Process process;

	private final int port;

	private final Path log;

	private WeirProcess(Process process, int port, Path log) {
		this.process = process;
		this.port = port;
		this.log = log;
	}

	/**
	 * Starts Weir on this machine and waits until it accepts connections or has ended.
	 * @param folder an empty folder
	 * @param yaml the user's settings
	 * @param options options of the JVM, such as {@code -Xmx512m}
	 * @return the process
	 */
	public static WeirProcess start(Path folder, String yaml, String... options) {
		try {
			int port = freePort();
			Path log = folder.resolve("log.txt");
			Path settings = Files.writeString(folder.resolve("application.yml"),
					"server: {port: %d, address: 127.0.0.1}%n".formatted(port) + yaml);
			List<String> command = new ArrayList<>();
			command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
			command.addAll(List.of(options));
			command.addAll(List.of(WeirApplication.class.getName(), "--spring.config.location=file:" + settings));
			ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
			builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
			WeirProcess weir = new WeirProcess(builder.start(), port, log);
			weir.awaitStart();
			return weir;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0)) {
			return socket.getLocalPort();
		}
	}

	private void awaitStart() {
		while (isAlive()) {
			try {
				new Socket("127.0.0.1", this.port).close();
				return;
			}
			catch (IOException ex) {
				sleep();
			}
		}
	}

	private static void sleep() {
		try {
			TimeUnit.MILLISECONDS.sleep(100);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	public int port() {
		return this.port;
	}

	public boolean isAlive() {
		return this.process.isAlive();
	}

	/**
	 * What the process has printed.
	 * @return the file
	 */
	public Path log() {
		return this.log;
	}

	/**
	 * Waits until the process has ended.
	 * @return its exit code
	 * @throws IllegalStateException if it has not ended after a minute
	 */
	public int awaitExit() {
		try {
			if (this.process.waitFor(60, TimeUnit.SECONDS)) {
				return this.process.exitValue();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		throw new IllegalStateException("The process has not ended");
	}

	@Override
	public void close() {
		this.process.destroyForcibly().onExit().join();
	}

}
