package dev.weir.image;

import java.io.IOException;

/**
 * The image under test: the one that the system property {@code tested.image} names, or
 * one that is built from the sources first, as a user would.
 */
final class WeirImage {

	static final String NAME = name();

	private WeirImage() {
	}

	private static String name() {
		String given = System.getProperty("tested.image");
		if (given != null) {
			return given;
		}
		// some networks let a build reach Maven Central from the host only
		String[] command = { "docker", "build", "--network", "host", "--tag", "weir:test", "." };
		System.out.println("Building the image, which takes some minutes the first time: " + String.join(" ", command));
		try {
			int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
			if (exit != 0) {
				throw new IllegalStateException("docker build ended with " + exit);
			}
			return "weir:test";
		}
		catch (IOException ex) {
			throw new IllegalStateException("docker build could not be run", ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

}
