package dev.weir.openai.call;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.stored.StoredOperation;

/**
 * Finds paths that a server may read as a known path, although Weir does not: segments
 * that differ from known ones in case, or by spaces or dots at their end. Such a path
 * would pass the checks of models and of stored objects.
 */
final class PathSpelling {

	private static final String OPENAI = "openai";

	private static final String V1 = "v1";

	private static final String DEPLOYMENTS = "deployments";

	private static final String ANY = "**";

	/** Some servers remove these from the end of a segment. */
	private static final Pattern SPACES_AND_DOTS = Pattern.compile("(%20|\\.)+$");

	/** By the first segment; ids are in braces, as in {@link StoredOperation}. */
	private static final Map<String, List<List<String>>> TEMPLATES = templates().stream()
		.collect(Collectors.groupingBy((template) -> template.get(0)));

	private static final List<List<String>> BEHIND_DEPLOYMENT = Operation.paths()
		.stream()
		.map((path) -> List.of(path.split("/")))
		.toList();

	private PathSpelling() {
	}

	private static Set<List<String>> templates() {
		Set<List<String>> all = new LinkedHashSet<>();
		StoredOperation.all().forEach((operation) -> all.add(operation.pattern()));
		ApiPath.knownPaths().forEach((path) -> all.add(List.of(path.split("/"))));
		ApiPath.ephemeralPaths().forEach((path) -> all.add(List.of(path.split("/"))));
		all.add(List.of(DEPLOYMENTS));
		Set<String> first = all.stream().map((template) -> template.get(0)).collect(Collectors.toSet());
		// last, so that the correction of a longer template is preferred
		first.forEach((segment) -> all.add(List.of(segment, ANY)));
		return all;
	}

	/**
	 * Corrects a path.
	 * @param path the path in the form that {@link SafePath#of} gives it
	 * @return the path with the known spelling of its segments, or {@code null} if it has
	 * that already
	 */
	static @Nullable String corrected(String path) {
		if (!mayBeMisspelt(path) || !path.startsWith("/")) {
			return null;
		}
		// an empty segment at the end does not count
		String[] segments = path.substring(1).split("/");
		String original = String.join("/", segments);
		int at = 0;
		boolean behindDeployment = false;
		if (fold(segments[0]).equals(OPENAI)) {
			segments[at++] = OPENAI;
			if (at < segments.length && fold(segments[at]).equals(V1)) {
				segments[at++] = V1;
			}
			else if (at + 2 < segments.length && fold(segments[at]).equals(DEPLOYMENTS)) {
				segments[at] = DEPLOYMENTS;
				at += 2;
				behindDeployment = true;
			}
		}
		else if (fold(segments[0]).equals(V1)) {
			segments[at++] = V1;
		}
		correctOperation(segments, at, behindDeployment);
		String corrected = String.join("/", segments);
		return corrected.equals(original) ? null : "/" + corrected;
	}

	/** The reply to a path that must be corrected. */
	static ApiErrorException misspelt(String method, String path, String corrected) {
		return new ApiErrorException(ApiError.invalid(404,
				"There is no operation " + method + " " + path + ". The path is spelled " + corrected + ".", null,
				"unknown_operation"));
	}

	/** Cheap, and {@code false} for most paths: known ones have small letters only. */
	private static boolean mayBeMisspelt(String path) {
		for (int i = 0; i < path.length(); i++) {
			char c = path.charAt(i);
			if ((c >= 'A' && c <= 'Z') || c == '.' || c == '%') {
				return true;
			}
		}
		return false;
	}

	private static void correctOperation(String[] segments, int at, boolean behindDeployment) {
		if (at == segments.length) {
			return;
		}
		String[] folded = Arrays.stream(segments, at, segments.length).map(PathSpelling::fold).toArray(String[]::new);
		List<List<String>> templates = behindDeployment ? BEHIND_DEPLOYMENT
				: TEMPLATES.getOrDefault(folded[0], List.of());
		for (List<String> template : templates) {
			if (matches(template, folded) && correct(template, segments, at)) {
				return;
			}
		}
	}

	private static boolean matches(List<String> template, String[] folded) {
		boolean open = template.get(template.size() - 1).equals(ANY);
		int fixed = open ? template.size() - 1 : template.size();
		if (open ? folded.length < fixed : folded.length != fixed) {
			return false;
		}
		for (int i = 0; i < fixed; i++) {
			if (isLiteral(template.get(i)) && !template.get(i).equals(folded[i])) {
				return false;
			}
		}
		return true;
	}

	/** Returns whether a segment has changed. */
	private static boolean correct(List<String> template, String[] segments, int at) {
		boolean changed = false;
		for (int i = 0; i < template.size(); i++) {
			if (isLiteral(template.get(i)) && !template.get(i).equals(segments[at + i])) {
				segments[at + i] = template.get(i);
				changed = true;
			}
		}
		return changed;
	}

	private static boolean isLiteral(String segment) {
		return !segment.startsWith("{") && !segment.equals(ANY);
	}

	private static String fold(String segment) {
		return SPACES_AND_DOTS.matcher(segment).replaceFirst("").toLowerCase(Locale.ROOT);
	}

}
