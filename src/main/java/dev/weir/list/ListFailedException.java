package dev.weir.list;

import java.util.List;

/** Some parts of a list could not be read. */
final class ListFailedException extends RuntimeException {

	private final transient List<PartFailedException> parts;

	ListFailedException(List<PartFailedException> parts) {
		super("A part of the list failed", null, false, false);
		this.parts = parts;
	}

	List<PartFailedException> parts() {
		return this.parts;
	}

}
