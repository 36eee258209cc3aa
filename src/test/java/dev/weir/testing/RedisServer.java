package dev.weir.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

/**
 * A real Redis on a fixed port of the loopback address: a container where a Docker engine
 * is, else the {@code redis-server} of this machine. Its port stays the same when it is
 * stopped and started again.
 */
public final class RedisServer implements AutoCloseable {

	private final int port;

	private final @Nullable GenericContainer<?> container;

	private final List<String> command;

	private @Nullable Process process;

	private RedisServer(int port, List<String> arguments, Map<Path, String> files) {
		this.port = port;
		this.command = new ArrayList<>(List.of("redis-server", "--save", "", "--protected-mode", "no"));
		boolean tls = arguments.contains("--tls-port");
		if (DockerClientFactory.instance().isDockerAvailable()) {
			this.command.addAll(arguments);
			GenericContainer<?> created = new GenericContainer<>(DockerImageName.parse("redis:7-bookworm"))
				.withCommand(this.command.toArray(String[]::new))
				.withExposedPorts(6379);
			files.forEach((file, name) -> created.withCopyFileToContainer(MountableFile.forHostPath(file, 0644), name));
			created.setPortBindings(List.of("127.0.0.1:" + port + ":6379"));
			created.start();
			this.container = created;
		}
		else {
			this.container = null;
			this.command.addAll(List.of(tls ? "--tls-port" : "--port", String.valueOf(port), "--bind", "127.0.0.1"));
			List<String> others = new ArrayList<>(arguments);
			int tlsPort = others.indexOf("--tls-port");
			if (tlsPort >= 0) {
				others.subList(tlsPort, tlsPort + 2).clear();
			}
			for (String argument : others) {
				String local = argument;
				for (Map.Entry<Path, String> file : files.entrySet()) {
					local = local.replace(file.getValue(), file.getKey().toString());
				}
				this.command.add(local);
			}
			restart();
		}
	}

	/**
	 * Starts a server.
	 * @param arguments further arguments of {@code redis-server}
	 * @return the server, which accepts connections
	 */
	public static RedisServer start(String... arguments) {
		return start(freePort(), Map.of(), arguments);
	}

	/**
	 * Starts a server with files.
	 * @param port its port
	 * @param files the files, each with its absolute name in the container
	 * @param arguments further arguments of {@code redis-server}, which may name the
	 * files
	 * @return the server, which accepts connections
	 */
	public static RedisServer start(int port, Map<Path, String> files, String... arguments) {
		return new RedisServer(port, List.of(arguments), files);
	}

	/**
	 * Finds a port that is not in use.
	 * @return the port
	 */
	public static int freePort() {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	public int port() {
		return this.port;
	}

	/**
	 * Runs {@code redis-cli}.
	 * @param arguments its arguments
	 * @return what it prints
	 */
	public String cli(String... arguments) {
		List<String> all = new ArrayList<>(List.of("redis-cli"));
		try {
			if (this.container != null) {
				all.addAll(List.of(arguments));
				return this.container.execInContainer(all.toArray(String[]::new)).getStdout().strip();
			}
			all.addAll(List.of("-p", String.valueOf(this.port)));
			all.addAll(List.of(arguments));
			Process cli = new ProcessBuilder(all).redirectErrorStream(true).start();
			return new String(cli.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	/** Stops the process without a goodbye to its clients. */
	public void stop() {
		if (this.container != null) {
			this.container.getDockerClient().killContainerCmd(this.container.getContainerId()).exec();
		}
		else if (this.process != null) {
			this.process.destroyForcibly();
		}
	}

	/** Starts it again after {@link #stop}, empty. */
	public void restart() {
		if (this.container != null) {
			this.container.getDockerClient().startContainerCmd(this.container.getContainerId()).exec();
		}
		else {
			try {
				this.process = new ProcessBuilder(this.command).redirectErrorStream(true)
					.redirectOutput(Files.createTempFile("redis", ".log").toFile())
					.start();
			}
			catch (IOException ex) {
				throw new UncheckedIOException("There is neither a Docker engine nor redis-server", ex);
			}
		}
		awaitPort();
	}

	/** Lets it keep its connections and do nothing. */
	public void pause() {
		if (this.container != null) {
			this.container.getDockerClient().pauseContainerCmd(this.container.getContainerId()).exec();
		}
		else {
			signal("STOP");
		}
	}

	/** Lets it continue after {@link #pause}. */
	public void unpause() {
		if (this.container != null) {
			this.container.getDockerClient().unpauseContainerCmd(this.container.getContainerId()).exec();
		}
		else {
			signal("CONT");
		}
	}

	private void signal(String name) {
		try {
			if (this.process != null) {
				new ProcessBuilder("kill", "-" + name, String.valueOf(this.process.pid())).start().waitFor();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private void awaitPort() {
		long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
		while (true) {
			try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), this.port)) {
				if (socket.isConnected()) {
					return;
				}
			}
			catch (IOException ex) {
				if (System.nanoTime() > end) {
					throw new UncheckedIOException(ex);
				}
				Thread.onSpinWait();
			}
		}
	}

	@Override
	public void close() {
		if (this.container != null) {
			this.container.stop();
		}
		else if (this.process != null) {
			this.process.destroyForcibly();
		}
	}

}
