package dev.weir.reload;

/**
 * Why the configuration is read again.
 *
 * @param description a phrase for the log that fits behind the word "after"
 * @param requested whether an operator has asked for it, and so expects a line in the log
 * in any case
 */
record ReloadCause(String description, boolean requested) {

	static final ReloadCause FILES = new ReloadCause("a change of files", false);

	static final ReloadCause HANGUP = new ReloadCause("the signal HUP", true);

	static final ReloadCause REFRESH = new ReloadCause("a refresh", true);

	@Override
	public String toString() {
		return this.description;
	}

}
