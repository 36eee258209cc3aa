/**
 * Continuing a broken stream with that of another backend: what the client has got is
 * recorded and compared. Not here: events, and choosing the backend. Start at
 * {@link dev.weir.openai.resume.ResumeRecorder}.
 */
@NullMarked
package dev.weir.openai.resume;

import org.jspecify.annotations.NullMarked;
