/**
 * Classification of responses: the outcome of an attempt, the subject of a refusal, and
 * the delay that a backend asks for. Reading responses is not here. Start with
 * {@link dev.weir.classify.OutcomeClassifier} and {@link dev.weir.classify.RefusalRules}.
 */
@NullMarked
package dev.weir.classify;

import org.jspecify.annotations.NullMarked;
