package dev.weir.ops;

import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.health.contributor.CompositeReactiveHealthContributor;
import org.springframework.boot.health.contributor.ReactiveHealthContributor;
import org.springframework.boot.health.contributor.ReactiveHealthContributors;

/**
 * Health of components that a reload of the configuration can add and remove. Spring
 * Boot's composite has a fixed set.
 *
 * @param current supplies the health of all current things
 * @param find finds the health of one of them by its name, {@code null} if there is none
 */
record LiveHealth(Supplier<Stream<ReactiveHealthContributors.Entry>> current,
		Function<String, @Nullable ReactiveHealthContributor> find) implements CompositeReactiveHealthContributor {

	@Override
	public @Nullable ReactiveHealthContributor getContributor(String name) {
		return this.find.apply(name);
	}

	@Override
	public Stream<ReactiveHealthContributors.Entry> stream() {
		return this.current.get();
	}

}
