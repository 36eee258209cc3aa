package dev.weir.check;

import org.jspecify.annotations.Nullable;

/**
 * The result of one step of a backend's check.
 *
 * @param step the step
 * @param level how good the result is
 * @param text the result, without a secret
 * @param cure the action that the operator can take, {@code null} if there is none
 */
record Finding(Step step, Level level, String text, @Nullable String cure) {

	static Finding ok(Step step, String text) {
		return new Finding(step, Level.OK, text, null);
	}

	static Finding unknown(Step step, String text) {
		return new Finding(step, Level.UNKNOWN, text, null);
	}

	static Finding warning(Step step, String text, String cure) {
		return new Finding(step, Level.WARNING, text, cure);
	}

	static Finding fault(Step step, String text, String cure) {
		return new Finding(step, Level.FAULT, text, cure);
	}

	boolean isFault() {
		return this.level == Level.FAULT;
	}

	/** Whether the operator should read it. */
	boolean isHint() {
		return this.level == Level.FAULT || this.level == Level.WARNING;
	}

	/** The steps in their order. After a fault there are no further steps. */
	enum Step {

		NAME("name"), CONNECTION("connection"), TLS("TLS"), CREDENTIAL("credential"), MODELS("models");

		private final String title;

		Step(String title) {
			this.title = title;
		}

		@Override
		public String toString() {
			return this.title;
		}

	}

	/** How good a result is. */
	enum Level {

		OK("ok"), UNKNOWN("unknown"), WARNING("WARNING"), FAULT("FAULT");

		private final String title;

		Level(String title) {
			this.title = title;
		}

		@Override
		public String toString() {
			return this.title;
		}

	}

}
