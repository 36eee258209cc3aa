package dev.weir.reply;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Attempt;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stored.StoredOperation;
import dev.weir.openai.stream.IdReader;
import dev.weir.openai.stream.StreamEvent;

/**
 * Records the stored objects that a successful response names, before the client gets
 * their ids. One for each request; used on its loop only.
 */
public final class ObjectRecorder {

	/** Other events of a response have no new ids. */
	private static final Set<String> WITH_IDS = Set.of("response.created", "response.output_item.added",
			// encrypted reasoning
			"response.output_item.done", "response.completed");

	private final IdShape shape;

	private final boolean responses;

	/** Whether the backend does not store the response itself. */
	private final boolean stateless;

	private final List<StoredObject> objects = new ArrayList<>(4);

	private @Nullable IdReader body;

	private boolean found;

	/** Reads an event that is relayed in pieces. */
	private @Nullable IdReader pieces;

	private ObjectRecorder(IdShape shape, boolean responses, boolean stateless) {
		this.shape = shape;
		this.responses = responses;
		this.stateless = stateless;
	}

	/**
	 * Creates the recorder of a request.
	 * @param call the request, with its body
	 * @return the recorder, or {@code null} if responses to it name no stored objects
	 */
	public static @Nullable ObjectRecorder of(ApiCall call) {
		StoredOperation stored = call.path().storedOperation();
		if (stored == null || stored.reply() == IdShape.NONE) {
			return null;
		}
		RequestBody body = call.body();
		Operation operation = call.path().operation();
		if (operation == Operation.CHAT_COMPLETIONS && (body == null || !body.isStoreRequested())) {
			return null;
		}
		return new ObjectRecorder(stored.reply(), stored.pattern().get(0).equals(Operation.RESPONSES.path()),
				operation == Operation.RESPONSES && body != null && body.isStoreDisabled());
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
		if (this.responses && !event.isWhole()) {
			if (this.pieces == null) {
				this.pieces = new IdReader(this.shape, this::add);
			}
			this.pieces.add(event.bytes());
			this.pieces = event.isEnd() ? null : this.pieces;
			record(attempt);
		}
		else if (event.isWhole() && (this.responses ? isWithIds(event) : !this.found)) {
			new IdReader(this.shape, this::add).add(event.bytes());
			record(attempt);
		}
	}

	private static boolean isWithIds(StreamEvent event) {
		String type = event.type();
		return type != null && WITH_IDS.contains(type);
	}

	private void add(StoredObject object) {
		if (!this.stateless || object.kind() == ObjectKind.CONTAINER || object.kind() == ObjectKind.REASONING) {
			this.objects.add(object);
		}
	}

	private void record(Attempt attempt) {
		if (!this.objects.isEmpty()) {
			this.found = true;
			attempt.recordObjects(List.copyOf(this.objects));
			this.objects.clear();
		}
	}

}
