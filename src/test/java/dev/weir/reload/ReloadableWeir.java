package dev.weir.reload;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;

import org.springframework.context.support.GenericApplicationContext;

import dev.weir.testing.WeirServer;

/**
 * A running Weir with a file that a test changes.
 */
final class ReloadableWeir implements AutoCloseable {

	private final Path file;

	private final WeirServer weir;

	private ReloadableWeir(Path file, WeirServer weir) {
		this.file = file;
		this.weir = weir;
	}

	static ReloadableWeir start(String yaml, String... arguments) {
		return start((context) -> {
		}, yaml, arguments);
	}

	static ReloadableWeir start(Consumer<GenericApplicationContext> beans, String yaml, String... arguments) {
		try {
			Path folder = Files.createTempDirectory("weir-reload");
			Path file = folder.resolve("weir.yml");
			Files.writeString(file, yaml);
			return new ReloadableWeir(file, WeirServer.startFrom(file, beans, arguments));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	Path file() {
		return this.file;
	}

	WeirServer server() {
		return this.weir;
	}

	/** Replaces the file in one step. The watch notices it later. */
	void write(String yaml) {
		try {
			Path next = this.file.resolveSibling("next.tmp");
			Files.writeString(next, yaml);
			Files.move(next, this.file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Replaces the file and reloads it at once. */
	Reload.Result change(String yaml) {
		write(yaml);
		return reload();
	}

	Reload.Result reload() {
		return this.weir.bean(Reload.class).reload(new ReloadCause("a test", true));
	}

	@Override
	public void close() {
		this.weir.close();
	}

}
