/**
 * Lists that are merged over all backends of a pool: the calls of a list, its cursors and
 * its reply. Parameters and pages are in {@code openai.list}. Start with
 * {@link dev.weir.list.MergedLists}.
 */
@NullMarked
package dev.weir.list;

import org.jspecify.annotations.NullMarked;
