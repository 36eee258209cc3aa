package dev.weir.config;

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

/**
 * Notes every value that cannot be bound and goes on, so that one start finds all of
 * them.
 */
final class CollectingBindHandler implements BindHandler {

	private static final Pattern BARE_NUMBER = Pattern.compile("\\s*[+-]?\\d+\\s*");

	private static final String NOWHERE = "weir-nowhere";

	private final Problems problems;

	CollectingBindHandler(Problems problems) {
		this.problems = problems;
	}

	@Override
	public Object onSuccess(ConfigurationPropertyName name, Bindable<?> target, BindContext context, Object result) {
		Range range = target.getAnnotation(Range.class);
		if (isBareNumber(name, result, context)) {
			this.problems.report(name,
					"is a number without a unit, which would be "
							+ ((result instanceof Duration) ? "milliseconds" : "bytes"),
					(result instanceof Duration)
							? "Write its unit, ms, s, m, h or d, behind it: " + this.problems.value(name)
									+ "s for seconds."
							: "Write its unit, B, KB, MB or GB, behind it: " + this.problems.value(name)
									+ "MB for megabytes.");
		}
		else if (isFraction(result, context) || (range != null && !Bounds.includes(range, result))) {
			report(name, target);
		}
		return result;
	}

	@Override
	public @Nullable Object onFailure(ConfigurationPropertyName name, Bindable<?> target, BindContext context,
			Exception error) {
		if (!(error instanceof NothingBoundException) && !this.problems.touch(name)) {
			report(name, target);
		}
		return isRecord(target) ? context.getBinder().bindOrCreate(NOWHERE, Bindable.of(target.getType())) : null;
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
		if (SettingTree.isCollection(target.getType()) && !this.problems.touch(name)) {
			report(name, target);
		}
	}

	private void report(ConfigurationPropertyName name, Bindable<?> target) {
		Expectation expectation = Expectation.of(target);
		this.problems.report(name, expectation.mistake(), expectation.cure());
	}

	// 1.5 in YAML is a number, of which Spring would take the 1
	private static boolean isFraction(Object result, BindContext context) {
		ConfigurationProperty property = context.getConfigurationProperty();
		return result instanceof Integer && property != null
				&& (property.getValue() instanceof Double || property.getValue() instanceof Float);
	}

	// Spring reads a bare 60 as milliseconds or bytes, which is rarely meant
	private boolean isBareNumber(ConfigurationPropertyName name, Object result, BindContext context) {
		ConfigurationProperty property = context.getConfigurationProperty();
		if (property == null || !property.getName().equals(name)) {
			return false;
		}
		boolean nothing = (result instanceof Duration duration && duration.isZero())
				|| (result instanceof DataSize size && size.toBytes() == 0);
		return (result instanceof Duration || result instanceof DataSize) && !nothing
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
	 * A list would end at an entry of which no property could be bound, and hide the
	 * mistakes of all that follow.
	 */
	private static final class NothingBoundException extends Exception {

	}

}
