package dev.weir.reload;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.util.StringUtils;

import dev.weir.config.LiveConfiguration;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.WeirServer.backend;
import static dev.weir.testing.WeirServer.pool;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

/**
 * The causes of a reload of the configuration. The effects are in {@link ReloadTests}.
 */
@ExtendWith(OutputCaptureExtension.class)
class ConfigurationWatchTests {

	private final OpenResources resources = new OpenResources();

	private final RawBackend backend = this.resources.backend(Scripts.SERVES);

	@TempDir
	private Path folder;

	@AfterEach
	void close() {
		this.resources.close();
	}

	private String yaml(String name) {
		return pool("", backend(name, this.backend.url()));
	}

	private WeirServer start(Path file, String... arguments) {
		return this.resources.add(WeirServer.startFrom(file, (context) -> {
		}, arguments));
	}

	private Path write(String name, String yaml) throws IOException {
		Path file = this.folder.resolve(name);
		Files.writeString(file, yaml);
		return file;
	}

	private static void awaitBackend(WeirServer weir, String name) {
		await().atMost(Duration.ofSeconds(10))
			.untilAsserted(() -> assertThat(weir.chat().headers().firstValue("x-weir-backend")).hasValue(name));
	}

	@Test
	void aChangedFileIsReadWithinSeconds() throws IOException {
		Path file = write("weir.yml", yaml("one"));
		WeirServer weir = start(file);
		long begin = System.nanoTime();
		Files.writeString(file, yaml("two"));
		awaitBackend(weir, "two");
		// twice the promised time, since this machine may be busy
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(4));
	}

	@Test
	void w11AFileThatAPlatformReplacesByASymbolicLinkIsReadAgain() throws IOException {
		// as Kubernetes mounts a ConfigMap
		Files.createDirectories(this.folder.resolve("..v1"));
		Files.createDirectories(this.folder.resolve("..v2"));
		write("..v1/weir.yml", yaml("one"));
		write("..v2/weir.yml", yaml("two"));
		Path data = this.folder.resolve("..data");
		Files.createSymbolicLink(data, Path.of("..v1"));
		Path file = this.folder.resolve("weir.yml");
		Files.createSymbolicLink(file, Path.of("..data/weir.yml"));
		WeirServer weir = start(file);
		assertThat(weir.chat().headers().firstValue("x-weir-backend")).hasValue("one");
		Path next = this.folder.resolve("..next");
		Files.createSymbolicLink(next, Path.of("..v2"));
		Files.move(next, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
		awaitBackend(weir, "two");
	}

	@Test
	void anImportedFileAndAConfigTreeAreWatched() throws IOException {
		Path keys = Files.createDirectories(this.folder.resolve("keys"));
		Files.writeString(keys.resolve("backend-name"), "one");
		Path imported = write("pools.yml", yaml("NAME").replace("name: NAME", "name: '${backend-name}'"));
		Path file = write("weir.yml", "spring.config.import: ['optional:pools.yml', 'optional:configtree:" + keys
				+ "/'," + " 'optional:later.yml']\n");
		WeirServer weir = start(file);
		awaitBackend(weir, "one");
		Files.writeString(keys.resolve("backend-name"), "two");
		awaitBackend(weir, "two");
		Files.writeString(imported, yaml("three"));
		awaitBackend(weir, "three");
		write("later.yml", yaml("four"));
		awaitBackend(weir, "four");
	}

	@Test
	void anImportThatIsRenamedOrCorrectedIsRead() throws IOException {
		write("pools.yml", yaml("one"));
		Path file = write("weir.yml", "spring.config.import: pools.yml\n");
		WeirServer weir = start(file);
		// renamed
		write("pools2.yml", yaml("two"));
		Files.writeString(file, "spring.config.import: pools2.yml\n");
		Files.delete(this.folder.resolve("pools.yml"));
		awaitBackend(weir, "two");
		// a new import with a mistake, which is corrected later
		Path extra = write("extra.yml", "weir: [\n");
		Files.writeString(file, "spring.config.import: extra.yml\n");
		await().atMost(Duration.ofSeconds(10))
			.untilAsserted(() -> assertThat(weir.get("/actuator/health/configuration").body()).contains("OUT_OF_DATE"));
		Files.writeString(extra, yaml("three"));
		awaitBackend(weir, "three");
	}

	@Test
	void aProfileThatAFileReplacesIsNotActiveAnyMore() throws IOException {
		Path file = write("weir.yml", """
				%s
				spring.profiles.active: a
				---
				spring.config.activate.on-profile: a
				weir.header-timeout: 11s
				---
				spring.config.activate.on-profile: b
				weir.body-timeout: 12s
				""".formatted(yaml("one")));
		WeirServer weir = start(file);
		LiveConfiguration configuration = weir.bean(LiveConfiguration.class);
		assertThat(configuration.current().headerTimeout()).hasSeconds(11);
		Files.writeString(file, Files.readString(file).replace("active: a", "active: b"));
		await().atMost(Duration.ofSeconds(10))
			.untilAsserted(() -> assertThat(configuration.current().bodyTimeout()).hasSeconds(12));
		assertThat(configuration.current().headerTimeout()).hasSeconds(30);
	}

	@Test
	void w11AFileThatIsDeletedOrEmptyChangesNothingAndIsReportedOnce(CapturedOutput output) throws IOException {
		Path file = write("weir.yml", yaml("one"));
		WeirServer weir = start(file);
		Files.delete(file);
		await().atMost(Duration.ofSeconds(10))
			.untilAsserted(() -> assertThat(weir.get("/actuator/health/configuration").body()).contains("OUT_OF_DATE",
					"does not exist any more"));
		assertThat(weir.chat().headers().firstValue("x-weir-backend")).hasValue("one");
		ConfigurationWatch watch = weir.bean(ConfigurationWatch.class);
		watch.poll();
		watch.poll();
		assertThat(StringUtils.countOccurrencesOf(output.toString(), "does not exist any more")).isEqualTo(1);
		Files.writeString(file, "");
		await().atMost(Duration.ofSeconds(10))
			.untilAsserted(() -> assertThat(weir.get("/actuator/health/configuration").body()).contains("is empty"));
		assertThat(weir.chat().headers().firstValue("x-weir-backend")).hasValue("one");
		Files.writeString(file, yaml("two"));
		awaitBackend(weir, "two");
		assertThat(weir.get("/actuator/health/configuration").body()).contains("UP");
	}

	@Test
	void theSignalHupReadsTheFilesAtOnce(CapturedOutput output) throws Exception {
		assumeFalse(isHangupIgnored(), "nohup has started this process, so no signal HUP arrives");
		Path file = write("weir.yml", yaml("one"));
		start(file);
		new ProcessBuilder("kill", "-HUP", String.valueOf(ProcessHandle.current().pid())).start().waitFor();
		Files.writeString(file, pool("max-wait: -1s", backend("two", this.backend.url())));
		new ProcessBuilder("kill", "-HUP", String.valueOf(ProcessHandle.current().pid())).start().waitFor();
		await().atMost(Duration.ofSeconds(10))
			.untilAsserted(() -> assertThat(output)
				.contains("The configuration is invalid after the signal HUP; Weir continues with the previous one"));
	}

	/** Java does not handle a signal that its parent process has set to be ignored. */
	private static boolean isHangupIgnored() throws IOException {
		Path status = Path.of("/proc/self/status");
		if (!Files.exists(status)) {
			return false;
		}
		String ignored = Files.readAllLines(status)
			.stream()
			.filter((line) -> line.startsWith("SigIgn:"))
			.findFirst()
			.orElse("SigIgn: 0");
		return (Long.parseUnsignedLong(ignored.split("\\s+")[1], 16) & 1) != 0;
	}

	@Test
	void theRefreshEndpointReadsTheFilesAtOnceWhereAnOperatorOpensIt() throws Exception {
		Path file = write("weir.yml", yaml("one"));
		WeirServer weir = start(file, "--management.endpoints.access.max-permitted=unrestricted",
				"--management.endpoints.web.exposure.include=health,refresh");
		Files.writeString(file, yaml("two"));
		HttpResponse<String> changed = refresh(weir);
		assertThat(changed.statusCode()).isEqualTo(200);
		assertThat(changed.body()).contains("weir.pools.openai.backends[0].name");
		assertThat(weir.chat().headers().firstValue("x-weir-backend")).hasValue("two");
		Files.writeString(file, yaml("three").replace("azure}", "nothing}"));
		HttpResponse<String> refused = refresh(weir);
		assertThat(refused.statusCode()).isEqualTo(400);
		assertThat(weir.chat().headers().firstValue("x-weir-backend")).hasValue("two");
	}

	@Test
	void theRefreshEndpointIsClosedByDefault() throws Exception {
		assertThat(refresh(start(write("weir.yml", yaml("one")))).statusCode()).isEqualTo(404);
	}

	private static HttpResponse<String> refresh(WeirServer weir) throws Exception {
		URI uri = weir.uri("/actuator/refresh");
		return HttpClient.newHttpClient()
			.send(HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.noBody()).build(),
					HttpResponse.BodyHandlers.ofString());
	}

}
