package dev.weir.config;

import org.jspecify.annotations.Nullable;

/**
 * One mistake in the configuration, fit to be printed: control characters are taken out
 * and long values are cut.
 *
 * @param property the name of the property, {@code weir.max-body} for instance, or of the
 * environment variable
 * @param value its value; {@code null} if there is none, and also if it may be a secret
 * @param origin where it is set, {@code application.yml:14} for instance, if that is
 * known
 * @param mistake what is wrong, a phrase that follows the name of the property
 * @param cure what to do about it, one or more sentences, possibly on several lines
 */
public record ConfigurationProblem(String property, @Nullable String value, @Nullable String origin, String mistake,
		String cure) {

	private static final int LONGEST = 120;

	public ConfigurationProblem {
		property = printable(property);
		value = (value != null) ? printable(value) : null;
		mistake = printable(mistake);
	}

	private static String printable(String text) {
		// a line break in a value could forge a line of the log
		String line = text.replaceAll("\\p{Cntrl}", "\uFFFD");
		return (line.length() > LONGEST) ? line.substring(0, LONGEST) + "…" : line;
	}

	/**
	 * Returns the problem in one line, without the cure:
	 * {@code weir.max-body = lots (application.yml:3): must be …}.
	 * @return the line
	 */
	@Override
	public String toString() {
		return this.property + ((this.value != null) ? " = " + this.value : "")
				+ ((this.origin != null) ? " (" + this.origin + ")" : "") + ": " + this.mistake;
	}

}
