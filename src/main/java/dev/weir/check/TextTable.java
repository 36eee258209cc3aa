package dev.weir.check;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A table of text with aligned columns.
 */
final class TextTable {

	private static final String GAP = "  ";

	private final List<List<String>> rows = new ArrayList<>();

	private final String indent;

	/**
	 * Creates a table.
	 * @param indent the beginning of each line
	 * @param header the titles of the columns
	 */
	TextTable(String indent, String... header) {
		this.indent = indent;
		add(header);
	}

	void add(String... cells) {
		this.rows.add(List.of(cells));
	}

	/**
	 * Returns the table.
	 * @return lines without spaces at their ends, each with a line break
	 */
	@Override
	public String toString() {
		StringBuilder text = new StringBuilder();
		int[] widths = IntStream.range(0, this.rows.get(0).size()).map(this::width).toArray();
		for (List<String> row : this.rows) {
			StringBuilder line = new StringBuilder(this.indent);
			for (int i = 0; i < row.size(); i++) {
				line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length())).append(GAP);
			}
			text.append(line.toString().stripTrailing()).append('\n');
		}
		return text.toString();
	}

	private int width(int column) {
		return this.rows.stream().mapToInt((row) -> row.get(column).length()).max().orElse(0);
	}

}
