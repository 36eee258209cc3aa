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
 * How a stream is gone on with when it breaks off: the same request is made again, and
 * what the client has got is compared with what comes.
 */
final class Resume {

	// some hundred thousand words, far more than models say in one answer
	private static final int MAX_REMEMBERED = 4 * 1024 * 1024;

	private final ResumeRecorder resumption;

	private final Supplier<Mono<RequestResult>> again;

	private Resume(ResumeRecorder resumption, Supplier<Mono<RequestResult>> again) {
		this.resumption = resumption;
		this.again = again;
	}

	/**
	 * Prepares.
	 * @param call what the stream is the answer to
	 * @param again makes the request again, on another lane; empty if there is none
	 * @return how to go on, or {@code null} if such streams cannot be gone on with
	 */
	static @Nullable Resume of(ApiCall call, Supplier<Mono<RequestResult>> again) {
		Operation operation = call.path().operation();
		return (ResumeRecorder.supports(operation) && !isStored(call))
				? new Resume(new ResumeRecorder(operation, MAX_REMEMBERED), again) : null;
	}

	/**
	 * Whether the answer stays with the backend that begins it, under an id that no other
	 * would know. Responses do unless the client says otherwise.
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
