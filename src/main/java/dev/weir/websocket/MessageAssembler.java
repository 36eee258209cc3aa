package dev.weir.websocket;

import java.io.ByteArrayOutputStream;
import java.time.Duration;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

import dev.weir.memory.BufferBudget;
import dev.weir.request.RequestLoop;

/**
 * Joins the frames of each message of a client. The bytes of an unfinished message are
 * counted, and held only for a time. Used on the event loop of the client only.
 */
final class MessageAssembler {

	private static final CloseReason TOO_SLOW = new CloseReason(CloseReason.POLICY_VIOLATION,
			"The message did not arrive in time");

	private final ResponseRequests requests;

	private final RequestLoop loop;

	private final SocketPeer client;

	private final Listener listener;

	private ByteArrayOutputStream message = new ByteArrayOutputStream();

	private BufferBudget.@Nullable Share share;

	private @Nullable Disposable timer;

	/** How many messages have ended. */
	private int messages;

	/** How many bytes of the current frame have arrived. */
	private long offset;

	private boolean text;

	/**
	 * Creates an assembler.
	 * @param requests has the limits
	 * @param loop the event loop of the client
	 * @param client the client, whose time does not count while it is not read
	 * @param listener receives the messages
	 */
	MessageAssembler(ResponseRequests requests, RequestLoop loop, SocketPeer client, Listener listener) {
		this.requests = requests;
		this.loop = loop;
		this.client = client;
		this.listener = listener;
	}

	/**
	 * Adds a part of a message.
	 * @param part the part, which the caller releases
	 */
	void add(FramePart part) {
		byte[] payload = part.payload(this.offset);
		this.offset = part.ends() ? 0 : this.offset + payload.length;
		this.text |= part.header().opcode() == FrameHeader.TEXT;
		BufferBudget.Share current = share();
		if (!current.grow(payload.length)) {
			giveUp(noRoom(current));
			return;
		}
		this.message.writeBytes(payload);
		if (part.ends() && part.header().last()) {
			complete();
		}
	}

	private void complete() {
		byte[] whole = this.message.toByteArray();
		boolean isText = this.text;
		BufferBudget.Share held = this.share;
		if (held != null && !held.complete()) {
			giveUp(noRoom(held));
			return;
		}
		end();
		this.listener.onMessage(whole, isText, held);
	}

	private static CloseReason noRoom(BufferBudget.Share full) {
		return new CloseReason(CloseReason.TRY_AGAIN, full.describeFull("messages"));
	}

	private BufferBudget.Share share() {
		BufferBudget.Share current = this.share;
		if (current == null) {
			int number = this.messages;
			current = this.requests.openShare(() -> {
				BufferBudget.Share aborted = this.share;
				if (this.messages == number && aborted != null) {
					giveUp(noRoom(aborted));
				}
			});
			this.share = current;
			limitPause(0);
		}
		return current;
	}

	private void limitPause(int before) {
		Duration timeout = this.requests.settings().bodyTimeout();
		this.timer = this.loop.schedule(() -> {
			if (this.message.size() > before || !this.client.isReading()) {
				limitPause(this.message.size());
			}
			else {
				giveUp(TOO_SLOW);
			}
		}, timeout);
	}

	private void giveUp(CloseReason reason) {
		discard();
		this.listener.onMessageGivenUp(reason);
	}

	private void end() {
		this.messages++;
		// a reset would keep the memory of the longest message
		this.message = new ByteArrayOutputStream();
		this.text = false;
		this.share = null;
		if (this.timer != null) {
			this.timer.dispose();
			this.timer = null;
		}
	}

	/** Releases an unfinished message. */
	void discard() {
		if (this.share != null) {
			this.share.close();
		}
		end();
	}

	/** Receives the messages of a client. */
	interface Listener {

		/**
		 * A message is complete.
		 * @param bytes the message
		 * @param text whether it is text and not binary
		 * @param held the memory that it is counted in, to be closed
		 */
		void onMessage(byte[] bytes, boolean text, BufferBudget.@Nullable Share held);

		/**
		 * The memory or the time for an unfinished message is used up.
		 * @param reason the reason with which the client is closed
		 */
		void onMessageGivenUp(CloseReason reason);

	}

}
