package dev.weir.websocket;

import java.time.Duration;
import java.util.function.Consumer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.Attempt;
import dev.weir.backend.DurationText;
import dev.weir.backend.Outcome;
import dev.weir.openai.stream.Usage;
import dev.weir.reply.RequestResult;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;

/**
 * A realtime session: passes the frames of a client to one backend and back, as they are.
 * Each side is read only as fast as the other one reads. The attempt lasts as long as the
 * session.
 */
final class RealtimeSocket implements PeerListener, OpenSocket {

	private static final Logger logger = LoggerFactory.getLogger(RealtimeSocket.class);

	private final RequestContext context;

	private final Attempt attempt;

	private final Outcome served;

	private final SocketPeer client;

	private final SocketPeer backend;

	private final RealtimeEvents events = new RealtimeEvents();

	private final Consumer<OpenSocket> onClosed;

	private final long start;

	private boolean draining;

	private boolean closed;

	/**
	 * Creates a session.
	 * @param context the request
	 * @param connected the connected backend
	 * @param onClosed receives this socket when it ends
	 */
	RealtimeSocket(RequestContext context, RequestResult.Connected connected, Consumer<OpenSocket> onClosed) {
		this.context = context;
		this.attempt = connected.attempt();
		this.served = connected.outcome();
		this.onClosed = onClosed;
		this.start = context.ticker().read();
		Duration idle = context.pool().properties().streamIdleTimeout();
		this.client = new SocketPeer(false, idle, this);
		this.backend = new SocketPeer(true, idle, this);
	}

	@Override
	public SocketPeer client() {
		return this.client;
	}

	/**
	 * The side of the backend.
	 * @return the side
	 */
	SocketPeer backend() {
		return this.backend;
	}

	private SocketPeer other(SocketPeer side) {
		return side.isBackend() ? this.client : this.backend;
	}

	@Override
	public void onPart(SocketPeer from, FramePart part) {
		if (from.isBackend()) {
			this.events.add(part);
		}
		SocketPeer to = other(from);
		to.write(part);
		if (!to.isWritable()) {
			to.flush();
			from.read(to.isWritable());
		}
		if (from.isBackend() && this.events.isComplete()) {
			onResponseDone();
		}
	}

	private void onResponseDone() {
		Usage usage = this.events.takeUsage();
		if (usage != null && !this.closed) {
			this.attempt.recordUsage(usage);
		}
		if (this.draining && this.events.running() == 0) {
			closeNow();
		}
	}

	@Override
	public void onReadComplete(SocketPeer from) {
		other(from).flush();
	}

	@Override
	public void onWritable(SocketPeer side) {
		other(side).read(true);
	}

	@Override
	public void onClose(SocketPeer from, CloseReason reason) {
		SocketPeer to = other(from);
		if (!to.isClosing()) {
			finish((from.isBackend() && reason.isFailure()) ? new Outcome.Broken() : this.served,
					from.isBackend() ? "the backend closed it with " + reason : "the client closed it with " + reason);
		}
		if (to.isEnded()) {
			from.close(reason);
		}
		else {
			to.close(reason);
			from.closeLater();
		}
	}

	@Override
	public void onError(SocketPeer from, FrameException error) {
		if (from.isBackend()) {
			finish(new Outcome.Broken(), "the backend sent " + error.problem());
		}
		else {
			finish(this.served, "the client sent " + error.problem());
		}
		boolean tooLarge = error.code() == CloseReason.TOO_LARGE;
		other(from).close(tooLarge ? new CloseReason(CloseReason.TOO_LARGE, error.problem())
				: SocketEnd.of(from, error.problem()));
	}

	@Override
	public void onStall(SocketPeer side) {
		if (side.isBackend()) {
			finish(new Outcome.Broken(), "the backend read nothing for too long");
		}
		else {
			finish(new Outcome.Cancelled(), "the client read nothing for too long");
		}
		other(side).close(SocketEnd.of(side, "it read nothing for too long"));
	}

	@Override
	public void onEnd(SocketPeer side) {
		boolean abnormal = !side.isClosedByHandshake();
		if (abnormal && side.isBackend()) {
			finish(new Outcome.Broken(), "the connection to the backend broke");
		}
		else if (abnormal) {
			finish(new Outcome.Cancelled(), "the connection of the client broke");
		}
		if (abnormal) {
			other(side).close(SocketEnd.of(side, "its connection broke"));
		}
		else {
			other(side).respondToClose();
		}
	}

	private void finish(Outcome outcome, String why) {
		if (this.closed) {
			return;
		}
		this.closed = true;
		Reservation reservation = this.context.reservation();
		if (reservation != null) {
			reservation.onSessionEnd(this.events.deltas());
		}
		Duration time = Duration.ofNanos(this.context.ticker().read() - this.start);
		logger.info("The session with {} ended after {}: {} [{}]", this.attempt.lane().backend().name(),
				DurationText.of(time), why, this.context.id());
		this.attempt.end(outcome);
		this.onClosed.accept(this);
	}

	@Override
	public boolean isClosed() {
		return this.closed;
	}

	@Override
	public void drain() {
		this.draining = true;
		if (this.events.running() == 0) {
			closeNow();
		}
	}

	@Override
	public void closeNow() {
		finish(this.served, "Weir stops");
		this.client.close(SocketEnd.STOPPING);
		this.backend.close(SocketEnd.STOPPING);
	}

	@Override
	public void run(Runnable task) {
		this.context.loop().execute(task);
	}

}
