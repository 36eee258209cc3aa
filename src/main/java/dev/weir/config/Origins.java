package dev.weir.config;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.PropertySourceOrigin;
import org.springframework.boot.origin.SystemEnvironmentOrigin;
import org.springframework.boot.origin.TextResourceOrigin;

/**
 * Says in few words where a property is set.
 */
final class Origins {

	private Origins() {
	}

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

	static @Nullable String file(@Nullable Origin origin) {
		return (unwrap(origin) instanceof TextResourceOrigin text && text.getResource() != null)
				? text.getResource().getFilename() : null;
	}

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
