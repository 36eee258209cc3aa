package dev.weir.infra;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The parts of a Bicep file that the tests need: plain declarations, each at the
 * beginning of a line, as the formatter leaves them.
 */
public final class BicepFile {

	private static final Pattern PARAM = Pattern.compile("(?m)^param (\\w+) \\w+( =)?");

	private static final Pattern VAR = Pattern.compile("(?m)^var (\\w+) =");

	private static final Pattern OUTPUT = Pattern.compile("(?m)^output (\\w+) ");

	private static final Pattern HEAD = Pattern.compile("(?m)^(param|var|output|resource|module) \\w+");

	private static final Pattern MODULE = Pattern.compile("(?ms)^module \\w+ '([^']+)' = (.*?)^[}\\]]");

	private static final Pattern KEY = Pattern.compile("(\\w+):");

	private static final Pattern VARIABLE = Pattern.compile("\\bname: '([^']+)'\\s+value: ");

	// neither a member of something nor the key of a property; a loop's colon is no key's
	private static final Pattern NAME = Pattern.compile("(?<![.\\w])(?:(?<=\\bin )[A-Za-z_]\\w*+|[A-Za-z_]\\w*+(?!:))");

	private final String text;

	private final String expressions;

	private BicepFile(String text) {
		this.text = scan(text, true);
		this.expressions = HEAD.matcher(scan(text, false)).replaceAll("");
	}

	public static BicepFile of(String text) {
		return new BicepFile(text);
	}

	public static BicepFile read(Path path) throws IOException {
		return of(Files.readString(path));
	}

	/** All of {@code infra}, by their paths below it. */
	static Map<String, String> all() throws IOException {
		Path infra = Path.of("infra");
		try (Stream<Path> paths = Files.walk(infra)) {
			Map<String, String> files = new LinkedHashMap<>();
			for (Path path : paths.filter((path) -> path.toString().endsWith(".bicep")).sorted().toList()) {
				files.put(infra.relativize(path).toString().replace('\\', '/'), Files.readString(path));
			}
			return files;
		}
	}

	/** Without comments. */
	String text() {
		return this.text;
	}

	/** The parameters, and whether they have a default. */
	Map<String, Boolean> params() {
		Map<String, Boolean> params = new LinkedHashMap<>();
		PARAM.matcher(this.text).results().forEach((param) -> params.put(param.group(1), param.group(2) != null));
		return params;
	}

	Set<String> required() {
		return params().entrySet()
			.stream()
			.filter((param) -> !param.getValue())
			.map(Map.Entry::getKey)
			.collect(Collectors.toCollection(LinkedHashSet::new));
	}

	Set<String> outputs() {
		return names(OUTPUT, this.text);
	}

	/** Parameters and variables that no expression of this file names. */
	List<String> unused() {
		Set<String> used = NAME.matcher(this.expressions)
			.results()
			.map(MatchResult::group)
			.collect(Collectors.toCollection(LinkedHashSet::new));
		return Stream.concat(params().keySet().stream(), names(VAR, this.text).stream())
			.filter((name) -> !used.contains(name))
			.toList();
	}

	List<ModuleCall> modules() {
		return MODULE.matcher(this.text)
			.results()
			.map((module) -> new ModuleCall(module.group(1), params(module.group(2))))
			.toList();
	}

	/** The names of the container's environment, with 1 in place of computed parts. */
	public Set<String> environment() {
		return names(VARIABLE, this.text).stream()
			.map((name) -> name.replaceAll("\\$\\{[^}]*}", "1"))
			.collect(Collectors.toCollection(LinkedHashSet::new));
	}

	private static Set<String> names(Pattern pattern, String text) {
		return pattern.matcher(text)
			.results()
			.map((result) -> result.group(1))
			.collect(Collectors.toCollection(LinkedHashSet::new));
	}

	private static Set<String> params(String module) {
		String[] parts = module.split("\\bparams: \\{", 2);
		StringBuilder own = new StringBuilder();
		int depth = 0;
		for (char c : (parts.length > 1) ? parts[1].toCharArray() : new char[0]) {
			depth += (c == '{') ? 1 : (c == '}') ? -1 : 0;
			if (depth < 0) {
				break;
			}
			if (depth == 0) {
				own.append(c);
			}
		}
		return names(KEY, own.toString());
	}

	/** Removes comments and, if requested, the literal parts of strings. */
	private static String scan(String text, boolean literals) {
		StringBuilder kept = new StringBuilder();
		Deque<Integer> strings = new ArrayDeque<>(); // the open braces of the code around
														// each
		int braces = 0;
		boolean inString = false;
		for (int i = 0; i < text.length(); i++) {
			String next = text.substring(i, Math.min(i + 2, text.length()));
			char c = text.charAt(i);
			if (inString) {
				int length = (c == '\\' || next.equals("${")) ? 2 : 1;
				kept.append(literals ? text.substring(i, i + length) : (length == 2) ? " " : "");
				i += length - 1;
				if (next.equals("${")) {
					strings.push(braces);
					braces = 0;
					inString = false;
				}
				else if (c == '\'') {
					inString = false;
				}
			}
			else if (next.equals("//") || next.equals("/*")) {
				int end = text.indexOf(next.equals("//") ? "\n" : "*/", i);
				i = (end < 0) ? text.length() : next.equals("//") ? end - 1 : end + 1;
			}
			else {
				boolean back = c == '}' && braces == 0 && !strings.isEmpty();
				kept.append((back && !literals) ? ' ' : c);
				if (back) {
					braces = strings.pop();
					inString = true;
				}
				else if (c == '\'') {
					inString = true;
				}
				else if (c == '{' || c == '}') {
					braces += (c == '{') ? 1 : -1;
				}
			}
		}
		return kept.toString();
	}

	/**
	 * A module that a file calls.
	 *
	 * @param path its path from there
	 * @param params the parameters it is given
	 */
	record ModuleCall(String path, Set<String> params) {

	}

}
