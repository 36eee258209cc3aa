package dev.weir.config.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The default route, the route in {@code application.yml} and the documentation have the
 * same paths.
 */
class DefaultRouteTests {

	@Test
	void theDocumentationListsThePathsOfTheDefaultRoute() throws IOException {
		String text = Files.readString(Path.of("docs/requests.md"));
		String sentence = text.substring(text.indexOf("The default route has"), text.indexOf("The administration API"));
		assertThat(find("`(/[a-z_]+)`", sentence.substring(sentence.indexOf("bare form"))))
			.containsExactlyElementsOf(bare("src/main/resources/weir-defaults.yml"));
		assertThat(sentence).contains("`/v1/**`, `/openai/**`");
	}

	@Test
	void theSampleHasTheDefaultRoute() throws IOException {
		assertThat(predicate("application.yml")).isEqualTo(predicate("src/main/resources/weir-defaults.yml"))
			.startsWith("Path=/v1/**, /openai/**, ");
	}

	private static List<String> bare(String file) throws IOException {
		List<String> paths = find("(/[a-z_0-9]+)/\\*\\*", predicate(file));
		return paths.subList(2, paths.size());
	}

	private static String predicate(String file) throws IOException {
		return find("- (Path=.*)", Files.readString(Path.of(file))).get(0);
	}

	private static List<String> find(String pattern, String text) {
		Matcher matcher = Pattern.compile(pattern).matcher(text);
		return matcher.results().map((result) -> result.group(1)).toList();
	}

}
