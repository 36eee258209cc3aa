package dev.weir.failover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.weir.failover.QuotaSimulation.Result;
import dev.weir.failover.QuotaSimulation.Setting;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How much of the quota becomes replies, in relation to a scheduler that knows all
 * quotas.
 */
class QuotaUseTests {

	private static final Path DOCUMENT = Path.of("docs/queue.md");

	private static final Pattern TABLE = Pattern.compile("(?<=<!-- simulated quota -->\n\n).*?(?=\n<!-- end -->)",
			Pattern.DOTALL);

	private static final long SEED = 20261127;

	private static final Duration QUICK = Duration.ofMillis(200);

	private static final Duration SLOW = Duration.ofSeconds(1);

	/** With the results of the ramp that did not follow the remaining quota. */
	private static final List<Row> ROWS = List.of(new Row(false, 1, 1.0, QUICK, 0.997, 0.178),
			new Row(false, 1, 1.2, QUICK, 0.972, 0.271), new Row(false, 6, 1.0, QUICK, 1.000, 0.007),
			new Row(false, 6, 1.2, QUICK, 0.990, 0.009), new Row(false, 30, 1.0, QUICK, 1.000, 0.001),
			new Row(false, 30, 1.2, QUICK, 1.002, 0.002), new Row(false, 60, 1.0, QUICK, 0.999, 0.001),
			new Row(false, 60, 1.2, QUICK, 1.001, 0.001), new Row(true, 1, 1.2, QUICK, 0.977, 0.324),
			new Row(true, 6, 1.2, QUICK, 0.981, 0.009), new Row(true, 60, 1.2, QUICK, 1.003, 0.001),
			new Row(false, 1, 1.2, SLOW, 0.690, 0.278), new Row(false, 6, 1.2, SLOW, 0.971, 0.010),
			new Row(false, 60, 1.2, SLOW, 0.999, 0.001));

	@ParameterizedTest
	@CsvSource({ "1,1.0", "1,1.2", "6,1.0", "6,1.2" })
	void nearlyAllOfTheQuotaIsUsedIfResponsesSayWhatRemains(int window, double load) {
		Row row = row(false, window, load, QUICK);
		row.check(row.run(true));
	}

	@Test
	void theRampIsSlowIfResponsesSayNothing() {
		Row row = row(false, 6, 1.2, QUICK);
		Result result = row.run(false);
		assertThat(format(result.share())).isEqualTo(format(row.shareBefore()));
		assertThat(format(result.throttledPerRequest())).isEqualTo(format(row.throttledBefore()));
	}

	@Test
	@Tag("soak")
	void theDocumentedSharesOfTheQuotaAreUsed() throws IOException {
		StringBuilder table = new StringBuilder(
				"""
						| limit | windows | load | response begins after | share of the possible replies | before | 429s of backends per request | before |
						|---|---|---|---|---|---|---|---|
						""");
		for (Row row : ROWS) {
			Result result = row.run(true);
			table.append(row.describe(result));
			row.check(result);
		}
		if (Boolean.getBoolean("generate")) {
			Files.writeString(DOCUMENT,
					TABLE.matcher(Files.readString(DOCUMENT)).replaceFirst(Matcher.quoteReplacement(table.toString())));
		}
		Matcher documented = TABLE.matcher(Files.readString(DOCUMENT));
		assertThat(documented.find()).isTrue();
		assertThat(documented.group()).as("Generate it: ./mvnw -Psoak test -Dtest=QuotaUseTests -Dgenerate=true")
			.isEqualTo(table.toString());
	}

	private static Row row(boolean tokens, int window, double load, Duration latency) {
		return ROWS.stream()
			.filter((row) -> row.tokens() == tokens && row.window() == window && row.load() == load
					&& row.latency().equals(latency))
			.findFirst()
			.orElseThrow();
	}

	private static String format(double value) {
		return String.format(Locale.ROOT, "%.3f", value);
	}

	private record Row(boolean tokens, int window, double load, Duration latency, double shareBefore,
			double throttledBefore) {

		Result run(boolean headers) {
			return QuotaSimulation
				.run(new Setting(this.tokens, Duration.ofSeconds(this.window), this.load, this.latency, headers), SEED);
		}

		void check(Result result) {
			assertThat(result.throttledPerRequest()).as(this::toString).isLessThanOrEqualTo(throttledBefore() + 0.02);
			assertThat(result.share()).as(this::toString)
				.isGreaterThanOrEqualTo((this.latency.compareTo(QUICK) > 0) ? shareBefore() : 0.98);
		}

		String describe(Result result) {
			return String.format(Locale.ROOT, "| %s | %d s | %.1f | %s s | **%s** | %s | **%s** | %s |%n",
					this.tokens ? "tokens" : "requests", this.window, this.load, this.latency.toMillis() / 1000.0,
					format(result.share()), format(shareBefore()), format(result.throttledPerRequest()),
					format(throttledBefore()));
		}

	}

}
