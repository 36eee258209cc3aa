package dev.weir.reload;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.Name;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.util.unit.DataSize;

import dev.weir.gateway.PoolRouteMetadata;
import dev.weir.backend.DurationText;
import dev.weir.config.BackendProperties;
import dev.weir.config.ClientProperties;
import dev.weir.config.OperatorProperties;
import dev.weir.config.PoolProperties;
import dev.weir.config.Secret;
import dev.weir.config.WeirProperties;

/**
 * Describes the differences between two configurations in words. A secret is never shown.
 */
final class ConfigurationChanges {

	private static final String NONE = "none";

	private static final String HIDDEN = "(hidden)";

	private final List<String> changes = new ArrayList<>();

	private ConfigurationChanges() {
	}

	/**
	 * Describes what has changed below {@code weir}.
	 * @param before the old settings
	 * @param after the new settings
	 * @return a phrase for each change
	 */
	static List<String> between(WeirProperties before, WeirProperties after) {
		ConfigurationChanges result = new ConfigurationChanges();
		result.compareRecords("", before, after, Set.of("pools", "clients", "operators"));
		names(before.pools(), after.pools())
			.forEach((name) -> result.comparePools(name, before.pools().get(name), after.pools().get(name)));
		result.compareNamed("client ", byName(before.clients(), ClientProperties::name),
				byName(after.clients(), ClientProperties::name));
		result.compareNamed("operator ", byName(before.operators(), OperatorProperties::name),
				byName(after.operators(), OperatorProperties::name));
		return result.changes;
	}

	/**
	 * Describes what has changed in the routes.
	 * @param before the old routes
	 * @param after the new routes
	 * @return a phrase for each change
	 */
	static List<String> between(List<RouteDefinition> before, List<RouteDefinition> after) {
		ConfigurationChanges result = new ConfigurationChanges();
		Map<String, RouteDefinition> old = byId(before);
		Map<String, RouteDefinition> now = byId(after);
		names(old, now).forEach((id) -> result.compare("route " + id, written(old.get(id)), written(now.get(id))));
		if (result.changes.isEmpty() && !List.copyOf(old.keySet()).equals(List.copyOf(now.keySet()))) {
			result.changes.add("the order of the routes changed");
		}
		return result.changes;
	}

	private static @Nullable List<Object> written(@Nullable RouteDefinition route) {
		return (route != null) ? PoolRouteMetadata.definition(route) : null;
	}

	private void comparePools(String name, @Nullable PoolProperties before, @Nullable PoolProperties after) {
		if (before == null || after == null) {
			compare("pool " + name, before, after);
			return;
		}
		compareRecords("pool " + name + ": ", before, after, Set.of("backends"));
		compareNamed("backend ", byName(before.backends(), BackendProperties::name),
				byName(after.backends(), BackendProperties::name));
	}

	private void compareNamed(String kind, Map<String, ?> before, Map<String, ?> after) {
		names(before, after).forEach((name) -> {
			Object old = before.get(name);
			Object now = after.get(name);
			if (old == null || now == null) {
				compare(kind + name, old, now);
			}
			else {
				compareRecords(kind + name + ": ", old, now, Set.of("name"));
			}
		});
	}

	private void compare(String subject, @Nullable Object before, @Nullable Object after) {
		if (!Objects.equals(before, after)) {
			this.changes.add(subject + ((before == null) ? " added" : (after == null) ? " removed" : " changed"));
		}
	}

	private void compareRecords(String prefix, Object before, Object after, Set<String> except) {
		for (RecordComponent component : before.getClass().getRecordComponents()) {
			if (except.contains(component.getName())) {
				continue;
			}
			Object old = value(component, before);
			Object now = value(component, after);
			String name = name(component);
			if (old != null && now != null && old.getClass().isRecord() && old.getClass() == now.getClass()
					&& old.getClass().getPackageName().equals(WeirProperties.class.getPackageName())) {
				compareRecords(prefix + name + ".", old, now, Set.of());
			}
			else if (!Objects.equals(old, now)) {
				this.changes.add(prefix + name + (name.startsWith("key") ? " changed" : difference(old, now)));
			}
		}
	}

	private static String difference(@Nullable Object before, @Nullable Object after) {
		if (isSecret(before) || isSecret(after) || before instanceof Record || after instanceof Record) {
			return (before == null) ? " added" : (after == null) ? " removed" : " changed";
		}
		String old = text(before);
		String now = text(after);
		// equal if only a hidden value differs
		return old.equals(now) ? " changed" : " " + old + " → " + now;
	}

	private static boolean isSecret(@Nullable Object value) {
		return value instanceof Secret
				|| (value instanceof List<?> list && list.stream().anyMatch(Secret.class::isInstance));
	}

	private static String text(@Nullable Object value) {
		if (value == null) {
			return NONE;
		}
		if (value instanceof Duration duration) {
			return duration.isZero() ? "0s" : DurationText.of(duration);
		}
		if (value instanceof DataSize size) {
			return (size.toBytes() % (1024 * 1024) == 0) ? size.toMegabytes() + "MB" : size.toString();
		}
		if (value instanceof Enum<?> constant) {
			return dashed(constant.name().toLowerCase(Locale.ROOT).replace('_', '-'));
		}
		if (value instanceof Collection<?> elements) {
			return elements.isEmpty() ? NONE
					: elements.stream().map(ConfigurationChanges::text).collect(Collectors.joining(", ", "[", "]"));
		}
		if (value instanceof Map<?, ?> entries) {
			return entries.isEmpty() ? NONE
					: entries.entrySet()
						.stream()
						.map((entry) -> entry.getKey() + ": " + text(entry.getValue()))
						.collect(Collectors.joining(", ", "{", "}"));
		}
		return (value instanceof Record element) ? describe(element) : value.toString();
	}

	/**
	 * Describes an element of a list: what it is about, and the properties that are set.
	 */
	private static String describe(Record element) {
		StringBuilder text = new StringBuilder();
		for (RecordComponent component : element.getClass().getRecordComponents()) {
			Object value = value(component, element);
			String name = name(component);
			if (text.isEmpty()) {
				text.append(text(value));
			}
			else if (value != null && !text(value).equals(NONE)) {
				text.append(' ').append(name).append(' ').append(name.startsWith("key") ? HIDDEN : text(value));
			}
		}
		return text.toString();
	}

	/** The name of the property as the file has it. */
	private static String name(RecordComponent component) {
		try {
			Name other = component.getDeclaringRecord().getDeclaredField(component.getName()).getAnnotation(Name.class);
			return (other != null) ? other.value()
					: ConfigurationPropertyName.adapt(dashed(component.getName()), '.').toString();
		}
		catch (NoSuchFieldException ex) {
			throw new IllegalStateException("A record has a field for each component", ex);
		}
	}

	private static String dashed(String name) {
		return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
	}

	private static @Nullable Object value(RecordComponent component, Object record) {
		try {
			return component.getAccessor().invoke(record);
		}
		catch (ReflectiveOperationException ex) {
			throw new IllegalStateException("Cannot read " + component, ex);
		}
	}

	private static <T> Map<String, T> byName(List<T> all, Function<T, String> name) {
		Map<String, T> named = new LinkedHashMap<>();
		all.forEach((element) -> named.put(name.apply(element), element));
		return named;
	}

	private static Map<String, RouteDefinition> byId(List<RouteDefinition> routes) {
		Map<String, RouteDefinition> byId = new LinkedHashMap<>();
		routes.forEach((route) -> byId.put(String.valueOf(route.getId()), route));
		return byId;
	}

	private static Set<String> names(Map<String, ?> one, Map<String, ?> other) {
		Set<String> names = new LinkedHashSet<>(one.keySet());
		names.addAll(other.keySet());
		return names;
	}

}
