package dev.weir.config;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;

/**
 * Notes every value that cannot be bound and goes on, so that one start finds all of
 * them.
 */
final class CollectingBindHandler implements BindHandler {

	private static final String NOWHERE = "weir-nowhere";

	private final Problems problems;

	CollectingBindHandler(Problems problems) {
		this.problems = problems;
	}

	@Override
	public Object onSuccess(ConfigurationPropertyName name, Bindable<?> target, BindContext context, Object result) {
		Range range = target.getAnnotation(Range.class);
		if (range != null && !Bounds.includes(range, result)) {
			report(name, target);
		}
		return result;
	}

	@Override
	public @Nullable Object onFailure(ConfigurationPropertyName name, Bindable<?> target, BindContext context,
			Exception error) {
		if (!(error instanceof NothingBoundException) && !isLeftEmpty(context) && !this.problems.touch(name)) {
			report(name, target);
		}
		return isRecord(target) ? context.getBinder().bindOrCreate(NOWHERE, Bindable.of(target.getType())) : null;
	}

	@Override
	public void onFinish(ConfigurationPropertyName name, Bindable<?> target, BindContext context,
			@Nullable Object result) throws NothingBoundException {
		if (result == null && isRecord(target) && hasProperties(name, context)) {
			throw new NothingBoundException();
		}
	}

	private void report(ConfigurationPropertyName name, Bindable<?> target) {
		Expectation expectation = Expectation.of(target);
		this.problems.report(name, expectation.mistake(), expectation.cure());
	}

	private static boolean isLeftEmpty(BindContext context) {
		ConfigurationProperty property = context.getConfigurationProperty();
		return property != null && property.getValue().toString().isBlank();
	}

	private static boolean isRecord(Bindable<?> target) {
		return target.getType().resolve(Object.class).isRecord();
	}

	private static boolean hasProperties(ConfigurationPropertyName name, BindContext context) {
		for (var source : context.getSources()) {
			if (source.containsDescendantOf(name) == ConfigurationPropertyState.PRESENT) {
				return true;
			}
		}
		return false;
	}

	/**
	 * A list would end at an entry of which no property could be bound, and hide the
	 * mistakes of all that follow.
	 */
	private static final class NothingBoundException extends Exception {

	}

}
