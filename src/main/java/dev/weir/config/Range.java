package dev.weir.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Smallest and largest value of a number, a duration or a data size, both included,
 * written as users write them in the configuration.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PARAMETER)
public @interface Range {

	/**
	 * Returns the smallest value.
	 * @return the value, {@code 1ms} for instance
	 */
	String min();

	/**
	 * Returns the largest value.
	 * @return the value, {@code 1h} for instance
	 */
	String max();

}
