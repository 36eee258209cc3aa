/**
 * Classification of responses: what an outcome an error is, whose fault it is, and how
 * long a backend asks to be left alone. Reading responses is not here. Start with
 * {@link dev.weir.classify.OutcomeClassifier} and {@link dev.weir.classify.RefusalRules}.
 */
@NullMarked
package dev.weir.classify;

import org.jspecify.annotations.NullMarked;
