package dev.weir.reply;

import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.Operation;
import dev.weir.openai.resume.ResumeMatcher;
import dev.weir.openai.resume.ResumeRecorder;
import dev.weir.openai.stream.StreamEvent;

/**
 * Resumes a stream that breaks off: sends the same request to another lane, and compares
 * its events with those that the client has.
 */
final class Resume {

	// several hundred thousand words, far more than a model writes in one response
	private static final int MAX_REMEMBERED = 4 * 1024 * 1024;

	private final ResumeRecorder resumption;

	private final Supplier<Mono<RequestResult>> again;

	private Resume(ResumeRecorder resumption, Supplier<Mono<RequestResult>> again) {
		this.resumption = resumption;
		this.again = again;
	}

	/**
	 * Creates the state of a stream.
	 * @param call the request
	 * @param again makes the request again, on another lane; empty if there is none
	 * @return the state, or {@code null} if such streams cannot be resumed
	 */
	static @Nullable Resume of(ApiCall call, Supplier<Mono<RequestResult>> again) {
		Operation operation = call.path().operation();
		return (ResumeRecorder.supports(operation) && !isStored(call))
				? new Resume(new ResumeRecorder(operation, MAX_REMEMBERED), again) : null;
	}

	/**
	 * Whether the backend stores the response under an id that no other backend knows.
	 * The operation {@code responses} does so unless the client sets {@code store} to
	 * false.
	 */
	private static boolean isStored(ApiCall call) {
		return call.path().operation() == Operation.RESPONSES
				&& (call.body() == null || !call.body().isStoreDisabled());
	}

	void delivered(StreamEvent event) {
		this.resumption.recordDelivered(event);
	}

	boolean isPossible() {
		return this.resumption.canResume();
	}

	Mono<RequestResult> again() {
		return this.again.get();
	}

	ResumeMatcher begin() {
		return this.resumption.startMatching();
	}

}
