package dev.weir.reply;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Attempt;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stored.StoredOperation;
import dev.weir.openai.stream.IdReader;
import dev.weir.openai.stream.StreamEvent;

/**
 * Records the stored objects that a successful response names, before the client gets
 * their ids. One for each request; used on its loop only.
 */
public final class ObjectRecorder {

	private static final Set<ObjectKind> ALL = Set.of(ObjectKind.values());

	private static final Set<ObjectKind> WITHOUT_STORE = Set.of(ObjectKind.CONTAINER, ObjectKind.REASONING);

	/** Other events of a response have no new ids. */
	private static final Set<String> WITH_IDS = Set.of("response.created", "response.output_item.added",
			// encrypted reasoning
			"response.output_item.done", "response.completed");

	/** A stream has the id of the chat and one audio for each choice. */
	private static final int MAX_SEEN = 256;

	private final IdShape shape;

	private final Events events;

	/** The kinds of objects that the backend keeps. */
	private final Set<ObjectKind> kinds;

	private final List<ReportedObject> objects = new ArrayList<>(4);

	/** Objects that events repeat. */
	private final Set<StoredObject> seen = new HashSet<>(4);

	private @Nullable IdReader body;

	private boolean found;

	/** Reads an event that is relayed in pieces. */
	private @Nullable IdReader pieces;

	private ObjectRecorder(IdShape shape, Events events, Set<ObjectKind> kinds) {
		this.shape = shape;
		this.events = events;
		this.kinds = kinds;
	}

	/**
	 * Creates the recorder of a request.
	 * @param call the request, with its body
	 * @return the recorder, or {@code null} if responses to it name no stored objects
	 */
	public static @Nullable ObjectRecorder of(ApiCall call) {
		StoredOperation stored = call.path().storedOperation();
		if (stored == null || stored.response() == IdShape.NONE) {
			return null;
		}
		RequestBody body = call.body();
		if (call.path().operation() == Operation.CHAT_COMPLETIONS) {
			return (body != null) ? ofChat(stored.response(), body) : null;
		}
		Operation operation = call.path().operation();
		boolean creates = operation == Operation.RESPONSES || operation == Operation.RESPONSES_SOCKET;
		boolean stateless = creates && body != null && body.isStoreDisabled();
		return new ObjectRecorder(stored.response(),
				stored.pattern().get(0).equals(Operation.RESPONSES.path()) ? Events.OF_RESPONSES : Events.FIRST,
				stateless ? WITHOUT_STORE : ALL);
	}

	/** A chat is stored only on demand, but its audio always is. */
	private static @Nullable ObjectRecorder ofChat(IdShape shape, RequestBody body) {
		if (body.isAudioRequested()) {
			return new ObjectRecorder(shape, Events.ALL, body.isStoreRequested() ? ALL : Set.of(ObjectKind.ITEM));
		}
		return body.isStoreRequested() ? new ObjectRecorder(shape, Events.FIRST, ALL) : null;
	}

	/**
	 * Reads the next bytes of a JSON body.
	 * @param bytes the bytes
	 * @param attempt the attempt that they belong to
	 */
	void onBytes(byte[] bytes, Attempt attempt) {
		if (this.body == null) {
			this.body = new IdReader(this.shape, this::add);
		}
		this.body.add(bytes);
		record(attempt);
	}

	/**
	 * Reads an event of a stream.
	 * @param event the event
	 * @param attempt the attempt that it belongs to
	 */
	public void onEvent(StreamEvent event, Attempt attempt) {
		if (this.events != Events.FIRST && !event.isWhole()) {
			onPiece(event.bytes(), event.isEnd(), attempt);
		}
		else if (event.isWhole() && mayHaveIds(event)) {
			onWhole(event.bytes(), attempt);
		}
	}

	private boolean mayHaveIds(StreamEvent event) {
		return switch (this.events) {
			case FIRST -> !this.found;
			case OF_RESPONSES -> isWithIds(event.type());
			case ALL -> true;
		};
	}

	/**
	 * Reads an event of the responses API that is a message of a WebSocket.
	 * @param type its type, or {@code null}
	 * @param message gives its bytes
	 * @param attempt the attempt that it belongs to
	 */
	public void onMessage(@Nullable String type, Supplier<byte[]> message, Attempt attempt) {
		if (isWithIds(type)) {
			onWhole(message.get(), attempt);
		}
	}

	/**
	 * Reads the next piece of an event of the responses API that is too long to be held.
	 * @param piece the bytes
	 * @param end whether the event ends with it
	 * @param attempt the attempt that it belongs to
	 */
	public void onPiece(byte[] piece, boolean end, Attempt attempt) {
		if (this.pieces == null) {
			this.pieces = new IdReader(this.shape, this::add);
		}
		this.pieces.add(piece);
		this.pieces = end ? null : this.pieces;
		record(attempt);
	}

	private void onWhole(byte[] event, Attempt attempt) {
		new IdReader(this.shape, this::add).add(event);
		record(attempt);
	}

	private static boolean isWithIds(@Nullable String type) {
		return type != null && WITH_IDS.contains(type);
	}

	private void add(ReportedObject reported) {
		StoredObject object = reported.object();
		boolean repeated = this.events == Events.ALL && (this.seen.size() == MAX_SEEN || !this.seen.add(object));
		if (!repeated && this.kinds.contains(object.kind())) {
			this.objects.add(reported);
		}
	}

	private void record(Attempt attempt) {
		if (!this.objects.isEmpty()) {
			this.found = true;
			attempt.recordObjects(List.copyOf(this.objects));
			this.objects.clear();
		}
	}

	/** Which events of a stream name objects. */
	private enum Events {

		/** All up to the first one that does. */
		FIRST,

		/** Those of some types. */
		OF_RESPONSES,

		ALL

	}

}
