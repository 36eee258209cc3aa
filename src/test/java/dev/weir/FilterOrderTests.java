package dev.weir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;

import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;

import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The filters of a request are the filters in the table of {@code docs/filters.md}.
 */
class FilterOrderTests {

	private static final Pattern ROW = Pattern
		.compile("\\| \\*{0,2}(?<order>-?\\d+|last)\\*{0,2} \\| `(?<filter>\\w+)` \\|.*");

	@Test
	void globalFiltersHaveTheOrdersOfTheDocumentation() throws IOException {
		try (RawBackend backend = RawBackend.start((call) -> call.respond("200 OK", "{}"));
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("a", backend.url()))) {
			Map<String, Integer> documented = new LinkedHashMap<>();
			ROW.matcher(Files.readString(Path.of("docs/filters.md")))
				.results()
				.forEach((row) -> documented.put(row.group(2), order(row.group(1))));
			Map<String, Integer> actual = weir.beans(GlobalFilter.class)
				.values()
				.stream()
				.filter((filter) -> filter.getClass().getName().startsWith("dev.weir."))
				.collect(Collectors.toMap((filter) -> filter.getClass().getSimpleName(),
						(filter) -> ((Ordered) filter).getOrder()));
			assertThat(documented).containsExactlyInAnyOrderEntriesOf(actual);
			assertThat(List.copyOf(documented.values())).isSorted();
		}
	}

	private static int order(String text) {
		return text.equals("last") ? Ordered.LOWEST_PRECEDENCE : Integer.parseInt(text);
	}

}
