package dev.weir.config.load;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.core.ResolvableType;
import org.springframework.core.io.ClassPathResource;

import dev.weir.config.Range;
import dev.weir.config.WeirProperties;

/**
 * One property with its description, from which the table in the documentation and the
 * JSON schema are generated. The description is the record's Javadoc, which Spring Boot's
 * configuration processor writes into metadata when Maven compiles the records.
 *
 * @param path the name below {@code weir}, {@code pools.*.backends[].url} for instance
 * @param setting the component of the record
 * @param description the text of its Javadoc
 */
record PropertyReference(String path, Setting setting, String description) {

	/**
	 * Returns all properties. The properties of a map's or list's entries follow after
	 * those that stand beside the map or list.
	 */
	static List<PropertyReference> all() {
		return of(WeirProperties.class, "");
	}

	static List<PropertyReference> of(Class<?> record, String prefix) {
		List<PropertyReference> properties = new ArrayList<>();
		List<PropertyReference> ofEntries = new ArrayList<>();
		JsonNode metadata = metadata(record);
		for (Setting setting : Setting.of(record)) {
			PropertyReference property = new PropertyReference(prefix + setting.name(), setting,
					description(metadata, record, setting));
			properties.add(property);
			Class<?> entry = property.entryType();
			if (property.isSection()) {
				properties.addAll(of(property.type(), property.path() + "."));
			}
			else if (entry.isRecord()) {
				ofEntries.addAll(of(entry, property.path() + (property.isMap() ? ".*." : "[].")));
			}
		}
		properties.addAll(ofEntries);
		return properties;
	}

	private static JsonNode metadata(Class<?> record) {
		String file = (record == WeirProperties.class) ? "META-INF/spring-configuration-metadata.json"
				: "META-INF/spring/configuration-metadata/" + record.getName() + ".json";
		try (InputStream content = new ClassPathResource(file).getInputStream()) {
			return JsonMapper.shared().readTree(content);
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Maven's compiler generates " + file, ex);
		}
	}

	private static String description(JsonNode metadata, Class<?> record, Setting setting) {
		String name = ((record == WeirProperties.class) ? "weir." : "") + setting.name();
		for (String list : List.of("properties", "groups")) {
			for (JsonNode item : metadata.path(list)) {
				if (item.path("name").asString().equals(name) && item.has("description")) {
					return item.path("description").asString();
				}
			}
		}
		throw new AssertionError(record.getSimpleName() + " has no Javadoc for " + setting.name());
	}

	Class<?> type() {
		return this.setting.type().resolve(Object.class);
	}

	/** Whether the property only groups others. */
	boolean isSection() {
		return type().isRecord();
	}

	boolean isMap() {
		return type() == Map.class;
	}

	/** The type of the values of a map or a list, else {@code Object}. */
	Class<?> entryType() {
		ResolvableType type = this.setting.type();
		int index = isMap() ? 1 : 0;
		return (isMap() || SettingTree.isCollection(type)) ? type.getGeneric(index).resolve(Object.class)
				: Object.class;
	}

	@Nullable String defaultValue() {
		DefaultValue annotation = this.setting.annotation(DefaultValue.class);
		return (annotation != null && annotation.value().length > 0) ? annotation.value()[0] : null;
	}

	@Nullable Range range() {
		return this.setting.annotation(Range.class);
	}

	@Override
	public String toString() {
		return this.path;
	}

}
