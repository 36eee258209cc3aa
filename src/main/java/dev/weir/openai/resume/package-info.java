/**
 * Resuming a broken stream with the response of another backend, which is compared with
 * the delivered events. Not here: the format of events, and choosing a backend. Start at
 * {@link dev.weir.openai.resume.ResumeRecorder}.
 */
@NullMarked
package dev.weir.openai.resume;

import org.jspecify.annotations.NullMarked;
