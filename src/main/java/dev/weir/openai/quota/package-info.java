/**
 * Response headers about a quota, and the formats of delays in headers. Not here: the use
 * of a quota for choosing lanes. Start at {@link dev.weir.openai.quota.QuotaHeaders}.
 */
@NullMarked
package dev.weir.openai.quota;

import org.jspecify.annotations.NullMarked;
