/**
 * Lists of stored objects, such as {@code GET /files}: their parameters and pages, and
 * how pages of several servers become one. No backend is called here. Start with
 * {@link dev.weir.openai.list.ListQuery} and {@link dev.weir.openai.list.MergedPage}.
 */
@NullMarked
package dev.weir.openai.list;

import org.jspecify.annotations.NullMarked;
