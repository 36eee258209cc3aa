package dev.weir.config.load;

import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * One mistake in the configuration, safe to print: control characters are replaced and
 * long values are cut.
 *
 * @param property the name of the property, {@code weir.max-body} for instance, or of an
 * environment variable
 * @param value its value; {@code null} if there is none or if it may be a secret
 * @param origin where it is set, {@code application.yml:14} for instance; {@code null} if
 * unknown
 * @param mistake the mistake, as a phrase whose subject is the property
 * @param cure the correction, one or more sentences, possibly on several lines
 */
public record ConfigurationProblem(String property, @Nullable String value, @Nullable String origin, String mistake,
		String cure) {

	private static final int MAX_LENGTH = 120;

	// a URL may have a password, also one that is not valid
	private static final Pattern USER_INFO = Pattern.compile("//[^/]*@");

	public ConfigurationProblem {
		property = printable(property);
		value = (value != null) ? printable(value) : null;
		mistake = printable(mistake);
		cure = USER_INFO.matcher(cure).replaceAll("//(hidden)@");
	}

	private static String printable(String text) {
		// a line break in a value could forge a line in the log
		String line = USER_INFO.matcher(text).replaceAll("//(hidden)@").replaceAll("\\p{Cntrl}", "\uFFFD");
		return (line.length() > MAX_LENGTH) ? line.substring(0, MAX_LENGTH) + "…" : line;
	}

	/**
	 * Returns the problem on one line, without the cure:
	 * {@code weir.max-body = lots (application.yml:3): must be …}.
	 * @return the line
	 */
	@Override
	public String toString() {
		return this.property + ((this.value != null) ? " = " + this.value : "")
				+ ((this.origin != null) ? " (" + this.origin + ")" : "") + ": " + this.mistake;
	}

}
