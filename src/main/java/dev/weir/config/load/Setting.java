package dev.weir.config.load;

import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.Parameter;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;
import org.springframework.core.ResolvableType;
import org.springframework.util.ReflectionUtils;

/**
 * One property, declared by a component of a record.
 *
 * @param name its name, {@code max-body} for instance
 * @param type the type of its value
 * @param component the component of the record
 * @param parameter the parameter of the record's constructor, which carries the
 * annotations
 */
record Setting(String name, ResolvableType type, RecordComponent component, Parameter parameter) {

	// each property of a file asks for those of all records above it
	private static final ClassValue<List<Setting>> DECLARED = new ClassValue<>() {

		@Override
		protected List<Setting> computeValue(Class<?> record) {
			return read(record);
		}

	};

	/**
	 * Returns the properties that a record declares.
	 */
	static List<Setting> of(Class<?> record) {
		return DECLARED.get(record);
	}

	private static List<Setting> read(Class<?> record) {
		RecordComponent[] components = record.getRecordComponents();
		Class<?>[] types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
		Constructor<?> constructor;
		try {
			constructor = record.getDeclaredConstructor(types);
		}
		catch (NoSuchMethodException ex) {
			throw new IllegalStateException(ex);
		}
		return IntStream.range(0, components.length).mapToObj((index) -> {
			Parameter parameter = constructor.getParameters()[index];
			Name name = parameter.getAnnotation(Name.class);
			return new Setting(
					(name != null) ? name.value() : DataObjectPropertyName.toDashedForm(components[index].getName()),
					ResolvableType.forConstructorParameter(constructor, index), components[index], parameter);
		}).toList();
	}

	/**
	 * Whether users must set the property.
	 */
	boolean required() {
		return annotation(DefaultValue.class) == null
				&& !this.component.getAnnotatedType().isAnnotationPresent(Nullable.class);
	}

	<A extends Annotation> @Nullable A annotation(Class<A> annotation) {
		return this.parameter.getAnnotation(annotation);
	}

	@Nullable Object valueIn(Object record) {
		return ReflectionUtils.invokeMethod(this.component.getAccessor(), record);
	}

}
