package dev.weir.classify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.classify.RefusalRules.Subject;
import dev.weir.openai.error.ErrorDetails;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Checks that the rules and the table in {@code docs/failover.md} are the same.
 */
class RefusalRulesTests {

	private static final Pattern QUOTED = Pattern.compile("``(.+?)``|`([^`]+)`");

	private static final String UNKNOWN = "xyz";

	static List<Line> lines() throws IOException {
		List<Line> lines = new ArrayList<>();
		boolean inside = false;
		for (String text : Files.readAllLines(Path.of("docs", "failover.md"))) {
			inside = text.startsWith("#") ? text.equals("## What a refusal is about") : inside;
			if (inside && text.startsWith("| ") && !text.startsWith("| about")) {
				lines.add(Line.of(text));
			}
		}
		return lines;
	}

	@ParameterizedTest
	@MethodSource("lines")
	void theTableInTheDocumentIsCurrent(Line line) {
		for (int status : line.statuses()) {
			for (String code : line.codes()) {
				assertThat(subject(status, code, null)).as(status + " " + code).isEqualTo(line.subject());
				assertThat(subject(status, null, code)).as(status + " type " + code).isEqualTo(line.subject());
			}
			for (String words : line.words()) {
				ErrorDetails details = new ErrorDetails(null, null, null, words);
				assertThat(RefusalRules.subject(status, details, false, true)).as(status + " " + words)
					.isEqualTo(line.subject());
			}
			if (line.any()) {
				ErrorDetails details = new ErrorDetails(UNKNOWN, UNKNOWN, null, UNKNOWN);
				assertThat(RefusalRules.subject(status, details, false, true)).isEqualTo(line.subject());
			}
			if (line.page()) {
				assertThat(RefusalRules.subject(status, ErrorDetails.NONE, true, true)).isEqualTo(line.subject());
			}
		}
	}

	@Test
	void everyRuleHasItsLineAndNamesAllItsCodes() throws IOException {
		List<Line> lines = lines();
		List<RefusalRule> rules = RefusalRules.rules();
		assertThat(lines).hasSizeGreaterThan(rules.size());
		for (int i = 0; i < rules.size(); i++) {
			RefusalRule rule = rules.get(i);
			Line line = lines.get(i);
			assertThat(line.subject()).as("line " + i).isEqualTo(rule.subject());
			assertThat(line.statuses()).as("line " + i).isEqualTo(rule.statuses());
			assertThat(line.codes()).as("line " + i).isEqualTo(rule.codes());
			assertThat(line.words().isEmpty()).as("line " + i).isEqualTo(rule.pattern() == null);
		}
	}

	@Test
	void anErrorInA2xxResponseMeansTheSame() throws IOException {
		List<Line> lines = lines().subList(0, RefusalRules.rules().size());
		for (Line line : lines) {
			line.codes().forEach((code) -> {
				Subject first = lines.stream()
					.filter((it) -> it.codes().contains(code))
					.findFirst()
					.orElseThrow()
					.subject();
				assertThat(subject(RefusalRules.INSIDE, code, null)).as(code).isEqualTo(first);
			});
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "invalid subscription key", "Incorrect API key", "Insufficient Balance",
			"The model `m` does not exist", "Missing scopes: all", "DeploymentNotFound" })
	void aRequestThatIsRepeatedInAMessageSetsNothingAside(String words) {
		for (int status : new int[] { 400, 404, 422 }) {
			ErrorDetails details = new ErrorDetails(null, null, null, "Invalid value: '" + words + "'.");
			assertThat(RefusalRules.subject(status, details, false, true)).as(status + "").isEqualTo(Subject.REQUEST);
		}
	}

	@Test
	void aModelThatIsNotThatOfTheCallIsAboutTheRequest() {
		for (String param : new String[] { "tools[0].model", "input" }) {
			ErrorDetails details = new ErrorDetails("model_not_found", null, param, "The model `m` does not exist");
			assertThat(RefusalRules.subject(404, details, false, true)).isEqualTo(Subject.REQUEST);
		}
		ErrorDetails details = new ErrorDetails("model_not_found", null, "model", null);
		assertThat(RefusalRules.subject(404, details, false, true)).isEqualTo(Subject.MODEL);
	}

	@Test
	void a404OfAnUnknownPathOrObjectIsAnErrorOfTheClient() {
		ErrorDetails bare = new ErrorDetails(null, null, null, "Not Found");
		assertThat(RefusalRules.subject(404, bare, false, false)).isEqualTo(Subject.REQUEST);
		assertThat(RefusalRules.subject(405, bare, false, false)).isEqualTo(Subject.REQUEST);
		assertThat(RefusalRules.subject(404, bare, true, false)).isEqualTo(Subject.REQUEST);
		for (String words : new String[] { "Response with id 'resp_1' not found.", "File 'file-1' not found",
				"Previous response not found because it expired" }) {
			ErrorDetails details = new ErrorDetails(null, "invalid_request_error", null, words);
			assertThat(RefusalRules.subject(404, details, false, true)).as(words).isEqualTo(Subject.REQUEST);
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					403 | 403               | PERMISSION_DENIED | CachedContent not found (or permission denied) | REQUEST
					403 | 403               | PERMISSION_DENIED | You do not have permission to access the File f or it may not exist. | REQUEST
					403 | 403               | PERMISSION_DENIED | The caller does not have permission | UNKNOWN
					403 | 403               | PERMISSION_DENIED | Permission denied: Consumer 'api_key:k' has been suspended. | CREDENTIAL
					400 | 400               | INVALID_ARGUMENT  | API key expired. Please renew the API key. | CREDENTIAL
					402 | 402               | -                 | Prompt tokens limit exceeded: 46286 > 30937. To increase, visit the page | SIZE
					400 | 400               | budget_exceeded   | ExceededBudget: End User=u1 over budget. Spend=2, Budget=1 | REQUEST
					400 | 400               | budget_exceeded   | Budget has been exceeded! Current cost: 2, Max budget: 1 | ACCOUNT
					403 | 403               | auth_error        | Authentication Error, Virtual key is not allowed to call this route. | OPERATION
					401 | 401               | auth_error        | Authentication Error, Invalid proxy server token passed | CREDENTIAL
					401 | 401               | -                 | litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided: x | MODEL
					429 | insufficient_quota | -                | litellm.RateLimitError: RateLimitError: OpenAIException - You exceeded your current quota | MODEL
					401 | invalid_organization | invalid_request_error | No such organization: org-1 | UNKNOWN
					403 | The caller does not have permission | - | Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO | REQUEST
					404 | 404               | -                 | No endpoints found that support tool use. | REQUEST
					498 | capacity_exceeded | -                 | Flex capacity exceeded | RATE
					403 | -                 | -                 | Error: Your prompt was flagged by our moderation | REQUEST
					""")
	void messagesOfManyServersAreKnown(int status, String code, String type, String message, Subject subject) {
		ErrorDetails details = new ErrorDetails(code.equals("-") ? null : code, type.equals("-") ? null : type, null,
				message);
		assertThat(RefusalRules.subject(status, details, false, true)).isEqualTo(subject);
	}

	@Test
	void anyMessageIsReadInShortTime() {
		String long1 = "a".repeat(2000);
		String long2 = "Error: ".repeat(280);
		String long3 = "the model ".repeat(200);
		String long4 = "Limit 1 ".repeat(250);
		long begin = System.nanoTime();
		for (int i = 0; i < 20; i++) {
			for (String words : List.of(long1, long2, long3, long4)) {
				RefusalRules.subject(403, new ErrorDetails(null, null, null, words), false, true);
			}
		}
		assertThat((System.nanoTime() - begin) / 1e9).isLessThan(5);
	}

	private static Subject subject(int status, String code, String type) {
		return RefusalRules.subject(status, new ErrorDetails(code, type, null, UNKNOWN), false, true);
	}

	/**
	 * A line of the table.
	 *
	 * @param subject the subject of the refusal
	 * @param statuses the statuses
	 * @param codes the codes or types
	 * @param words messages
	 * @param any whether every code and all words fit
	 * @param page whether a page fits
	 */
	record Line(Subject subject, Set<Integer> statuses, Set<String> codes, Set<String> words, boolean any,
			boolean page) {

		static Line of(String text) {
			String[] cells = text.split("\\|", -1);
			String about = cells[1].strip().replace(' ', '_').toUpperCase(Locale.ROOT);
			Subject subject = about.equals("QUOTA_SIZE") ? Subject.SIZE : Subject.valueOf(about);
			Set<Integer> statuses = new LinkedHashSet<>();
			Stream.of(cells[2].split(",")).map(String::strip).map(Integer::valueOf).forEach(statuses::add);
			return new Line(subject, statuses, quoted(cells[3]), quoted(cells[4]), cells[3].strip().equals("any"),
					cells[4].contains("HTML page"));
		}

		private static Set<String> quoted(String cell) {
			Set<String> found = new LinkedHashSet<>();
			QUOTED.matcher(cell)
				.results()
				.map((it) -> (it.group(1) != null) ? it.group(1).strip() : it.group(2))
				.forEach(found::add);
			return found;
		}

	}

}
