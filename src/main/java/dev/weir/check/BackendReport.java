package dev.weir.check;

import java.util.List;

/**
 * The findings of the check of one backend.
 *
 * @param backend the name of the backend
 * @param findings the results of its steps, in order
 */
record BackendReport(String backend, List<Finding> findings) {

	boolean hasFault() {
		return this.findings.stream().anyMatch(Finding::isFault);
	}

	/**
	 * Returns the reports as a table with the cure beside each fault.
	 * @param reports the reports
	 * @return the text, of several lines
	 */
	static String table(List<BackendReport> reports) {
		TextTable table = new TextTable("  ", "backend", "step", "", "result", "cure");
		for (BackendReport report : reports) {
			String name = report.backend();
			for (Finding finding : report.findings()) {
				table.add(name, finding.step().toString(), finding.level().toString(), finding.text(),
						(finding.cure() != null) ? finding.cure() : "");
				name = "";
			}
		}
		return table.toString();
	}

}
