package dev.weir.config.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

import dev.weir.testing.Allocation;

import static org.assertj.core.api.Assertions.assertThat;

class WatchedFilesTests {

	@TempDir
	private Path folder;

	private final AtomicInteger reads = new AtomicInteger();

	@Test
	void findsANewFileInAFolderWithoutReadingAProperty() throws IOException {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources()
			.addFirst(new MapPropertySource("counted", Map.of("spring.config.location", this.folder + "/")) {

				@Override
				public Object getProperty(String name) {
					WatchedFilesTests.this.reads.incrementAndGet();
					return super.getProperty(name);
				}

			});
		Path refused = this.folder.resolve("refused.yml");
		Supplier<Set<Path>> files = WatchedFiles.inFoldersOf(environment, Set.of(refused));
		assertThat(files.get()).containsExactly(refused);
		int before = this.reads.getAndSet(0);
		Path added = Files.writeString(this.folder.resolve("application.yml"), "a: 1");
		assertThat(files.get()).containsExactlyInAnyOrder(refused, added);
		assertThat(before).isPositive();
		assertThat(this.reads).hasValue(0);
	}

	@Test
	void aChangeAnywhereInALargeFileChangesItsFingerprint() throws IOException {
		Path file = this.folder.resolve("application.yml");
		byte[] content = new byte[FileFingerprints.MAX_BYTES];
		Files.write(file, content);
		FileFingerprints before = FileFingerprints.of(Set.of(file));
		for (int changed : new int[] { 0, 8191, 8192, content.length / 2, content.length - 1 }) {
			content[changed]++;
			Files.write(file, content);
			assertThat(FileFingerprints.of(Set.of(file))).as("byte %d", changed).isNotEqualTo(before);
			content[changed]--;
		}
		Files.write(file, content);
		assertThat(FileFingerprints.of(Set.of(file))).isEqualTo(before);
		Files.write(file, new byte[FileFingerprints.MAX_BYTES + 1]);
		assertThat(FileFingerprints.of(Set.of(file))).isNotEqualTo(before);
	}

	@Test
	void comparingALargeFileNeedsAFractionOfItsSize() throws IOException {
		Path file = this.folder.resolve("application.yml");
		Files.write(file, new byte[FileFingerprints.MAX_BYTES]);
		assertThat(Allocation.of(3, () -> FileFingerprints.of(Set.of(file)))).isLessThan(200_000);
	}

}
