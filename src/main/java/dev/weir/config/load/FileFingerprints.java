package dev.weir.config.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import org.springframework.core.env.ConfigurableEnvironment;

/**
 * The contents of the configuration files at one moment, for comparison. Times of files
 * are not used: a platform may replace a file by one that is older.
 *
 * @param contents a fingerprint of the content by the path of the file
 */
public record FileFingerprints(Map<Path, String> contents) {

	// a larger file is refused
	static final int MAX_BYTES = 4 * 1024 * 1024;

	private static final int PART_BYTES = 8 * 1024;

	/**
	 * Reads the files.
	 * @param files the paths, of files that exist or not
	 * @return their fingerprints
	 */
	public static FileFingerprints of(Set<Path> files) {
		Map<Path, String> contents = new TreeMap<>();
		files.forEach((file) -> contents.put(file, fingerprint(file)));
		return new FileFingerprints(contents);
	}

	static FileFingerprints of(ConfigurableEnvironment environment) {
		return of(WatchedFiles.of(environment));
	}

	private static String fingerprint(Path file) {
		if (!Files.isRegularFile(file)) {
			return Files.exists(file, LinkOption.NOFOLLOW_LINKS) ? "not a file" : "missing";
		}
		try (var content = Files.newInputStream(file)) {
			MessageDigest digest = MessageDigest.getInstance("SHA-256");
			// in parts: an array of megabytes, five times per second, would start a
			// marking
			// cycle of the garbage collector each time
			byte[] part = new byte[PART_BYTES];
			long left = MAX_BYTES + 1;
			int read;
			while (left > 0 && (read = content.read(part, 0, (int) Math.min(part.length, left))) != -1) {
				digest.update(part, 0, read);
				left -= read;
			}
			return HexFormat.of().formatHex(digest.digest());
		}
		catch (IOException ex) {
			return "unreadable";
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException("Every Java platform has SHA-256", ex);
		}
	}

}
