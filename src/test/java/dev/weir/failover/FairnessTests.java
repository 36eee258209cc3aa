package dev.weir.failover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

import dev.weir.failover.FairnessSimulation.Result;
import dev.weir.failover.FairnessSimulation.Setting;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How fair the queue is, beside one in which the first request comes first.
 */
class FairnessTests {

	private static final Path DOCUMENT = Path.of("docs/queue.md");

	private static final Pattern TABLE = Pattern.compile("(?<=<!-- simulated clients -->\n\n).*?(?=\n<!-- end -->)",
			Pattern.DOTALL);

	private static final long SEED = 20261127;

	@Test
	void oneClientWithNineTenthsOfTheLoadDoesNotMakeOthersWait() throws IOException {
		// the others want less than their share
		Result firstCome = run(1.5, 180, false);
		Result fair = run(1.5, 180, true);
		// all want more than their share
		Result unfair = run(13.5, 60, false);
		Result equal = run(13.5, 60, true);
		String table = """
				| | first come, first served | fair queue | goal |
				|---|---|---|---|
				| Jain's index of the served tokens, load 13.5 | %s | **%s** | 0.95 |
				| 95th percentile of the others' wait in relation to the wait alone, load 1.5 | %s | **%s** | 1.2 |
				| served tokens in relation to first come, first served, load 1.5 | 1 | **%s** | 0.99 |
				| the same, load 13.5 | 1 | **%s** | 0.99 |
				""".formatted(format(unfair.fairness()), format(equal.fairness()),
				format(firstCome.lightWait() / firstCome.aloneWait()), format(fair.lightWait() / fair.aloneWait()),
				format(fair.throughput() / firstCome.throughput()), format(equal.throughput() / unfair.throughput()));
		assertThat(equal.fairness()).isGreaterThanOrEqualTo(0.95);
		assertThat(fair.lightWait()).isLessThanOrEqualTo(1.2 * fair.aloneWait());
		assertThat(fair.throughput()).isGreaterThanOrEqualTo(0.99 * firstCome.throughput());
		assertThat(equal.throughput()).isGreaterThanOrEqualTo(0.99 * unfair.throughput());
		if (Boolean.getBoolean("generate")) {
			Files.writeString(DOCUMENT,
					TABLE.matcher(Files.readString(DOCUMENT)).replaceFirst(Matcher.quoteReplacement(table)));
		}
		Matcher documented = TABLE.matcher(Files.readString(DOCUMENT));
		assertThat(documented.find()).isTrue();
		assertThat(documented.group()).as("Generate it: ./mvnw test -Dtest=FairnessTests -Dgenerate=true")
			.isEqualTo(table);
	}

	private static Result run(double load, int seconds, boolean fair) {
		return FairnessSimulation.run(new Setting(load, Duration.ofSeconds(seconds), fair), SEED);
	}

	private static String format(double value) {
		return String.format(Locale.ROOT, "%.3f", value);
	}

}
