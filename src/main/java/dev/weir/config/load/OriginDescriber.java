package dev.weir.config.load;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.PropertySourceOrigin;
import org.springframework.boot.origin.SystemEnvironmentOrigin;
import org.springframework.boot.origin.TextResourceOrigin;

/**
 * Describes where a property is set.
 */
final class OriginDescriber {

	private OriginDescriber() {
	}

	/**
	 * Describes an origin.
	 * @return {@code application.yml:14} for instance, {@code null} if unknown
	 */
	static @Nullable String describe(@Nullable Origin origin) {
		Origin innermost = unwrap(origin);
		if (innermost == null) {
			return null;
		}
		if (innermost instanceof PropertySourceOrigin wrapper) {
			return wrapper.getPropertySource().getName();
		}
		if (innermost instanceof SystemEnvironmentOrigin variable) {
			return "environment variable " + variable.getProperty();
		}
		String file = file(innermost);
		return (file != null) ? file + ":" + line(innermost) : innermost.toString();
	}

	/**
	 * Returns the name of the file, {@code null} if the origin is not a file.
	 */
	static @Nullable String file(@Nullable Origin origin) {
		return (unwrap(origin) instanceof TextResourceOrigin text && text.getResource() != null)
				? text.getResource().getFilename() : null;
	}

	/**
	 * Returns the number of the line, from 1; the largest integer if unknown.
	 */
	static int line(@Nullable Origin origin) {
		return (unwrap(origin) instanceof TextResourceOrigin text && text.getLocation() != null)
				? text.getLocation().getLine() + 1 : Integer.MAX_VALUE;
	}

	private static @Nullable Origin unwrap(@Nullable Origin origin) {
		Origin current = origin;
		while (current instanceof PropertySourceOrigin wrapper && wrapper.getOrigin() != null) {
			current = wrapper.getOrigin();
		}
		return current;
	}

}
