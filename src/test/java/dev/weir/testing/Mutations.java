package dev.weir.testing;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

import org.assertj.core.api.Assertions;

/**
 * Changes valid input at random, as a stranger might: removes, repeats, replaces and
 * inserts bytes and meaningful tokens. The same seed gives the same inputs. The system
 * property {@code weir.fuzz.rounds} multiplies the number of inputs, for a longer search.
 */
public final class Mutations {

	private static final int ROUNDS = Math.max(1, Integer.getInteger("weir.fuzz.rounds", 1));

	private final Random random;

	private final List<byte[]> seeds;

	private final List<String> tokens;

	/**
	 * Creates a source of inputs.
	 * @param seed the seed
	 * @param seeds valid inputs, of which each mutated one begins as one
	 * @param tokens what is inserted
	 */
	public Mutations(long seed, List<byte[]> seeds, List<String> tokens) {
		this.random = new Random(seed);
		this.seeds = seeds;
		this.tokens = tokens;
	}

	/**
	 * A source of inputs that are text.
	 * @param seed the seed
	 * @param seeds valid inputs
	 * @param tokens what is inserted
	 * @return the source
	 */
	public static Mutations ofText(long seed, List<String> seeds, List<String> tokens) {
		return new Mutations(seed, seeds.stream().map(Mutations::bytes).toList(), tokens);
	}

	/**
	 * Tries many inputs. A failure names the input, so that it can be kept as a test.
	 * @param count the number of inputs
	 * @param test checks one input
	 */
	public void forEach(int count, Consumer<byte[]> test) {
		for (long i = 0; i < (long) count * ROUNDS; i++) {
			byte[] input = next();
			try {
				test.accept(input);
			}
			catch (RuntimeException | AssertionError | StackOverflowError ex) {
				Assertions.fail("Input " + i + ": " + describe(input), ex);
			}
		}
	}

	/**
	 * Tries many texts, read as ISO 8859-1, in which each byte is a character.
	 * @param count the number of texts
	 * @param test checks one text
	 */
	public void forEachText(int count, Consumer<String> test) {
		forEach(count, (input) -> test.accept(new String(input, StandardCharsets.ISO_8859_1)));
	}

	private static String describe(byte[] input) {
		StringBuilder text = new StringBuilder();
		for (byte b : input) {
			text.append((b >= ' ' && b < 127 && b != '\\') ? String.valueOf((char) b) : "\\x%02x".formatted(b & 0xFF));
		}
		return text.toString();
	}

	/**
	 * The next input.
	 * @return a mutated seed, which may be empty
	 */
	public byte[] next() {
		byte[] mutated = this.seeds.get(this.random.nextInt(this.seeds.size()));
		for (int n = this.random.nextInt(4); n >= 0; n--) {
			mutated = mutate(mutated);
		}
		return mutated;
	}

	/**
	 * Splits bytes at random places.
	 * @param bytes the bytes
	 * @param part receives each part, in order; none is empty
	 */
	public void split(byte[] bytes, Consumer<byte[]> part) {
		for (int from = 0; from < bytes.length;) {
			int to = Math.min(bytes.length, from + 1 + this.random.nextInt(1 + bytes.length / 3));
			part.accept(Arrays.copyOfRange(bytes, from, to));
			from = to;
		}
	}

	private byte[] mutate(byte[] input) {
		int at = this.random.nextInt(input.length + 1);
		int to = at;
		byte[] insert = new byte[0];
		switch (this.random.nextInt(5)) {
			case 0 -> to = Math.min(input.length, at + 1 + this.random.nextInt(5));
			case 1 -> insert = bytes(this.tokens.get(this.random.nextInt(this.tokens.size())));
			case 2 -> {
				insert = new byte[] { (byte) this.random.nextInt(256) };
				to = Math.min(input.length, at + 1);
			}
			case 3 -> {
				insert = bytes(this.tokens.get(this.random.nextInt(this.tokens.size())));
				to = Math.min(input.length, at + insert.length);
			}
			default -> {
				int from = this.random.nextInt(input.length + 1);
				insert = Arrays.copyOfRange(input, from, Math.min(input.length, from + this.random.nextInt(60)));
			}
		}
		byte[] next = new byte[at + insert.length + input.length - to];
		System.arraycopy(input, 0, next, 0, at);
		System.arraycopy(insert, 0, next, at, insert.length);
		System.arraycopy(input, to, next, at + insert.length, input.length - to);
		return next;
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
