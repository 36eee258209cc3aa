package dev.weir.config.load;

import java.time.Duration;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.util.unit.DataSize;

import dev.weir.config.Range;

/**
 * Reports each value that cannot be bound or is out of range, and continues, so that one
 * start reports all mistakes.
 */
final class CollectingBindHandler implements BindHandler {

	private static final Pattern BARE_NUMBER = Pattern.compile("\\s*[+-]?\\d+\\s*");

	/** A name without properties: a record bound to it has its defaults. */
	private static final String EMPTY_NAME = "weir-nowhere";

	private final ProblemCollector problems;

	CollectingBindHandler(ProblemCollector problems) {
		this.problems = problems;
	}

	/**
	 * Skips lists that are not written. Spring Boot would search all properties for each
	 * of them, which takes minutes with thousands of clients.
	 */
	@Override
	public <T> @Nullable Bindable<T> onStart(ConfigurationPropertyName name, Bindable<T> target, BindContext context) {
		return (SettingTree.isCollection(target.getType()) && !hasProperties(name, context)) ? null : target;
	}

	@Override
	public Object onSuccess(ConfigurationPropertyName name, Bindable<?> target, BindContext context, Object result) {
		Range range = target.getAnnotation(Range.class);
		if (hasNoUnit(name, result, context)) {
			this.problems.report(name,
					"has no unit and would mean " + ((result instanceof Duration) ? "milliseconds" : "bytes"),
					(result instanceof Duration)
							? "Add a unit, ms, s, m, h or d: " + this.problems.value(name) + "s for seconds."
							: "Add a unit, B, KB, MB or GB: " + this.problems.value(name) + "MB for megabytes.");
		}
		else if (isFraction(result, context) || (range != null && !RangeCheck.isWithin(range, result))) {
			report(name, target);
		}
		return result;
	}

	@Override
	public @Nullable Object onFailure(ConfigurationPropertyName name, Bindable<?> target, BindContext context,
			Exception error) {
		if (!(error instanceof NothingBoundException) && !this.problems.isReportedNear(name)) {
			report(name, target);
		}
		return isRecord(target) ? context.getBinder().bindOrCreate(EMPTY_NAME, Bindable.of(target.getType())) : null;
	}

	@Override
	public void onFinish(ConfigurationPropertyName name, Bindable<?> target, BindContext context,
			@Nullable Object result) throws NothingBoundException {
		if (result != null || !hasProperties(name, context)) {
			return;
		}
		if (isRecord(target)) {
			throw new NothingBoundException();
		}
		if (SettingTree.isCollection(target.getType()) && !this.problems.isReportedNear(name)) {
			report(name, target);
		}
	}

	private void report(ConfigurationPropertyName name, Bindable<?> target) {
		Expectation expectation = Expectation.of(target);
		this.problems.report(name, expectation.mistake(), expectation.cure());
	}

	// Spring converts the YAML number 1.5 to 1
	private static boolean isFraction(Object result, BindContext context) {
		ConfigurationProperty property = context.getConfigurationProperty();
		return (result instanceof Integer || result instanceof Long) && property != null
				&& (property.getValue() instanceof Double || property.getValue() instanceof Float);
	}

	// Spring converts 60 to milliseconds or bytes, which users rarely intend
	private boolean hasNoUnit(ConfigurationPropertyName name, Object result, BindContext context) {
		ConfigurationProperty property = context.getConfigurationProperty();
		if (property == null || !property.getName().equals(name)) {
			return false;
		}
		boolean zero = (result instanceof Duration duration && duration.isZero())
				|| (result instanceof DataSize size && size.toBytes() == 0);
		return (result instanceof Duration || result instanceof DataSize) && !zero
				&& BARE_NUMBER.matcher(this.problems.value(name)).matches();
	}

	private static boolean isRecord(Bindable<?> target) {
		return target.getType().resolve(Object.class).isRecord();
	}

	private static boolean hasProperties(ConfigurationPropertyName name, BindContext context) {
		return StreamSupport.stream(context.getSources().spliterator(), false)
			.anyMatch((source) -> WeirSources.has(source, name));
	}

	/**
	 * Makes the binder report an entry of a list in which no property could be bound.
	 * Without it, the list would end there, and mistakes in later entries would be lost.
	 */
	private static final class NothingBoundException extends Exception {

	}

}
