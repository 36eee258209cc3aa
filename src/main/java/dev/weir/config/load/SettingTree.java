package dev.weir.config.load;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.core.ResolvableType;

import dev.weir.config.WeirProperties;

/**
 * The tree of the properties below {@code weir}, derived from the records.
 */
final class SettingTree {

	static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("weir");

	private static final ResolvableType ROOT_TYPE = ResolvableType.forClass(WeirProperties.class);

	private SettingTree() {
	}

	/**
	 * Returns the type of a property, {@code null} if there is no such property.
	 */
	static @Nullable ResolvableType typeOf(ConfigurationPropertyName name) {
		ResolvableType type = ROOT_TYPE;
		for (int i = 1; i < name.getNumberOfElements() && type != null; i++) {
			type = childType(type, name, i);
		}
		return type;
	}

	/**
	 * Returns the shortest prefix of a name that is not a property, {@code null} if the
	 * name is a property.
	 */
	static @Nullable ConfigurationPropertyName unknownPart(ConfigurationPropertyName name) {
		for (int size = 2; size <= name.getNumberOfElements(); size++) {
			ConfigurationPropertyName part = name.chop(size);
			if (typeOf(part) == null) {
				return part;
			}
		}
		return null;
	}

	/**
	 * Returns the names of the properties of a record, empty for any other type.
	 */
	static List<String> namesBelow(ResolvableType type) {
		Class<?> raw = type.resolve(Object.class);
		return raw.isRecord() ? Setting.of(raw).stream().map(Setting::name).toList() : List.of();
	}

	static boolean isCollection(ResolvableType type) {
		return Collection.class.isAssignableFrom(type.resolve(Object.class));
	}

	private static @Nullable ResolvableType childType(ResolvableType type, ConfigurationPropertyName name, int index) {
		Class<?> raw = type.resolve(Object.class);
		if (raw.isRecord()) {
			String element = name.getElement(index, Form.UNIFORM);
			return Setting.of(raw)
				.stream()
				.filter((setting) -> uniform(setting.name()).equals(element))
				.map(Setting::type)
				.findFirst()
				.orElse(null);
		}
		if (Map.class.isAssignableFrom(raw)) {
			return type.getGeneric(1);
		}
		return (isCollection(type) && name.isNumericIndex(index)) ? type.getGeneric(0) : null;
	}

	private static String uniform(String name) {
		return name.replace("-", "").toLowerCase(Locale.ROOT);
	}

}
