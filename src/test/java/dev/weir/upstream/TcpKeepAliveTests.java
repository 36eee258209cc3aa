package dev.weir.upstream;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.LoopResources;

import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * The TCP keep-alive options of Weir's connections to backends.
 */
class TcpKeepAliveTests {

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void connectionsAreProbedWellBeforeTheFourthMinuteOfSilence(boolean epoll) {
		assumeTrue(!epoll || Epoll.isAvailable());
		Map<String, Integer> options = new ConcurrentHashMap<>();
		LoopResources loops = LoopResources.create("keep-alive", 1, true);
		try (RawBackend backend = RawBackend.start(SERVES);
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("a", backend.url()))) {
			client(weir).runOn(loops, epoll)
				.doOnConnected((connection) -> options.putAll(options(connection.channel(), epoll)))
				.get()
				.uri(backend.url())
				.response()
				.block();
		}
		finally {
			loops.dispose();
		}
		assertThat(options)
			.containsExactlyInAnyOrderEntriesOf(Map.of("alive", 1, "idle", 60, "interval", 15, "count", 4));
		assertThat(TcpKeepAlive.IDLE.plus(TcpKeepAlive.INTERVAL.multipliedBy(TcpKeepAlive.PROBES))).hasMinutes(2);
	}

	private static HttpClient client(WeirServer weir) {
		return weir.beans(HttpClient.class).values().iterator().next();
	}

	private static Map<String, Integer> options(Channel channel, boolean epoll) {
		return Map.of("alive", channel.config().getOption(ChannelOption.SO_KEEPALIVE) ? 1 : 0, "idle", value(channel,
				epoll ? EpollChannelOption.TCP_KEEPIDLE : NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE)),
				"interval",
				value(channel,
						epoll ? EpollChannelOption.TCP_KEEPINTVL
								: NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL)),
				"count", value(channel, epoll ? EpollChannelOption.TCP_KEEPCNT
						: NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT)));
	}

	private static int value(Channel channel, ChannelOption<Integer> option) {
		return channel.config().getOption(option);
	}

}
