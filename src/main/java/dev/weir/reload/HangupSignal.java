package dev.weir.reload;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.context.SmartLifecycle;

/**
 * Reads the configuration when the process gets the signal HUP, as servers on Unix do.
 * The Java platform has only an internal class for signals, which is used by reflection,
 * because the compiler rejects it.
 */
final class HangupSignal implements SmartLifecycle {

	private static final Logger logger = LoggerFactory.getLogger(HangupSignal.class);

	private final Runnable onSignal;

	private @Nullable Object previous;

	private volatile boolean running;

	HangupSignal(Runnable onSignal) {
		this.onSignal = onSignal;
	}

	@Override
	public synchronized void start() {
		try {
			Class<?> handler = Class.forName("sun.misc.SignalHandler");
			this.previous = handle(Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] { handler },
					(proxy, method, arguments) -> switch (method.getName()) {
						case "handle" -> {
							this.onSignal.run();
							yield null;
						}
						case "equals" -> proxy == arguments[0];
						case "hashCode" -> System.identityHashCode(proxy);
						default -> "reload of Weir's configuration";
					}));
		}
		catch (ReflectiveOperationException | IllegalArgumentException ex) {
			logger.debug("The signal HUP is not available on this platform", ex);
		}
		this.running = true;
	}

	@Override
	public synchronized void stop() {
		if (this.previous != null) {
			try {
				Object unused = handle(this.previous);
			}
			catch (ReflectiveOperationException ex) {
				logger.debug("The handler of the signal HUP could not be restored", ex);
			}
			this.previous = null;
		}
		this.running = false;
	}

	private static @Nullable Object handle(Object handler) throws ReflectiveOperationException {
		Class<?> signal = Class.forName("sun.misc.Signal");
		try {
			return signal.getMethod("handle", signal, Class.forName("sun.misc.SignalHandler"))
				.invoke(null, signal.getConstructor(String.class).newInstance("HUP"), handler);
		}
		catch (InvocationTargetException ex) {
			throw new IllegalArgumentException(ex.getCause());
		}
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	@Override
	public int getPhase() {
		return Integer.MAX_VALUE;
	}

}
