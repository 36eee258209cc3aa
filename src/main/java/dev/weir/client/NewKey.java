package dev.weir.client;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The command {@code --new-key NAME}: makes a key, and prints it with the lines of the
 * configuration that accept it. Nothing is stored.
 */
public final class NewKey {

	private static final String OPTION = "--new-key";

	private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,63}");

	private static final int RANDOM_BYTES = 32;

	private final PrintStream out;

	/**
	 * Creates the command.
	 * @param out where the key is printed
	 */
	public NewKey(PrintStream out) {
		this.out = out;
	}

	/**
	 * Whether a command line asks for a key.
	 * @param arguments the command line
	 * @return whether it has the option
	 */
	public static boolean isRequested(String[] arguments) {
		return List.of(arguments).stream().anyMatch((it) -> it.equals(OPTION) || it.startsWith(OPTION + "="));
	}

	/**
	 * Runs the command.
	 * @param arguments the command line
	 * @return the exit status, 0 or 1
	 */
	public int run(String[] arguments) {
		String name = (arguments.length == 2 && arguments[0].equals(OPTION)) ? arguments[1] : (arguments.length == 1)
				? arguments[0].substring(Math.min(arguments[0].length(), OPTION.length() + 1)) : "";
		if (!NAME.matcher(name).matches()) {
			this.out.println("Usage: java -jar weir.jar --new-key NAME");
			this.out.println("NAME has 1 to 63 letters, digits, hyphens, underscores and dots, such as my-app.");
			return 1;
		}
		byte[] random = new byte[RANDOM_BYTES];
		new SecureRandom().nextBytes(random);
		String key = "weir_" + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
		this.out.println("The key, which is stored nowhere:");
		this.out.println();
		this.out.println("  " + key);
		this.out.println();
		this.out.println("For a client, add this entry in application.yml below weir, and for an operator the same"
				+ " below operators. It need not be secret.");
		this.out.println();
		this.out.println("  clients:");
		this.out.println("    - name: " + name);
		this.out.println("      key-sha256: " + sha256(key));
		return 0;
	}

	private static String sha256(String key) {
		try {
			return HexFormat.of()
				.formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
