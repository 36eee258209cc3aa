package dev.weir.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

import com.github.dockerjava.api.command.WaitContainerResultCallback;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

import dev.weir.testing.Bodies;

/**
 * A container of the image with the fewest rights that a platform may give it: a
 * read-only file system, no capabilities, no new privileges.
 */
final class WeirContainer extends GenericContainer<WeirContainer> {

	private static final HttpClient CLIENT = HttpClient.newBuilder()
		.version(HttpClient.Version.HTTP_1_1)
		.connectTimeout(Duration.ofSeconds(5))
		.build();

	private static final Duration START_LIMIT = Duration.ofMinutes(2);

	private static final String OPERATOR_KEY = "operator-key-of-the-tests";

	WeirContainer() {
		super(WeirImage.NAME);
		withEnv("WEIR_OPEN", "true");
		withEnv("WEIR_OPERATORS_0_NAME", "tests");
		withEnv("WEIR_OPERATORS_0_KEY", OPERATOR_KEY);
		withExposedPorts(8080);
		waitingFor(Wait.forHttp("/actuator/health/readiness").forPort(8080).withStartupTimeout(START_LIMIT));
		withCreateContainerCmdModifier((command) -> {
			HostConfig host = Objects.requireNonNull(command.getHostConfig());
			host.withReadonlyRootfs(true).withCapDrop(Capability.ALL).withSecurityOpts(List.of("no-new-privileges"));
		});
	}

	/**
	 * Mounts settings where a user would.
	 * @param yaml the application.yml
	 * @return this
	 */
	WeirContainer withSettings(String yaml) {
		try {
			Path file = Files.createTempFile(Path.of("target").toAbsolutePath(), "weir", ".yml");
			file.toFile().deleteOnExit();
			Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
			Files.writeString(file, yaml);
			// withFileSystemBind would start one more container just to see whether files
			// can be mounted
			return withCreateContainerCmdModifier((command) -> Objects.requireNonNull(command.getHostConfig())
				.withBinds(new Bind(file.toString(), new Volume("/app/application.yml"), AccessMode.ro)));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	URI uri(String path) {
		return URI.create("http://" + getHost() + ":" + getMappedPort(8080) + path);
	}

	HttpResponse<String> chat() {
		return send(chat(Bodies.CHAT), HttpResponse.BodyHandlers.ofString());
	}

	HttpResponse<String> get(String path) {
		return send(HttpRequest.newBuilder(uri(path)).header("authorization", "Bearer " + OPERATOR_KEY),
				HttpResponse.BodyHandlers.ofString());
	}

	HttpRequest.Builder chat(String body) {
		return HttpRequest.newBuilder(uri("/v1/chat/completions"))
			.header("content-type", "application/json")
			.header("authorization", "Bearer key-of-the-client")
			.POST(HttpRequest.BodyPublishers.ofString(body));
	}

	static <T> HttpResponse<T> send(HttpRequest.Builder request, HttpResponse.BodyHandler<T> handler) {
		try {
			return CLIENT.send(request.timeout(Duration.ofSeconds(60)).build(), handler);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Runs a command in the container.
	 * @param command the command
	 * @return its output
	 */
	String run(String... command) {
		try {
			ExecResult result = execInContainer(command);
			return result.getStdout() + result.getStderr();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	void signal(String name) {
		getDockerClient().killContainerCmd(getContainerId()).withSignal(name).exec();
	}

	/**
	 * Waits for the end of the container's process.
	 * @param limit how long
	 * @return its exit status
	 */
	int awaitExit(Duration limit) {
		return getDockerClient().waitContainerCmd(getContainerId())
			.exec(new WaitContainerResultCallback())
			.awaitStatusCode(limit.toMillis(), TimeUnit.MILLISECONDS);
	}

	InspectContainerResponse inspect() {
		return getDockerClient().inspectContainerCmd(getContainerId()).exec();
	}

}
