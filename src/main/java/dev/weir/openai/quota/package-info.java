/**
 * What response headers say about a quota, and how they write delays. Not here: what a
 * lane does with it. Start at {@link dev.weir.openai.quota.QuotaHeaders}.
 */
@NullMarked
package dev.weir.openai.quota;

import org.jspecify.annotations.NullMarked;
