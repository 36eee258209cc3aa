package dev.weir.check;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRecordDecoder;
import io.netty.handler.codec.dns.DnsRawRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.util.concurrent.Future;
import reactor.core.publisher.Mono;

/**
 * Asks the name servers for the aliases of a name (CNAME records, RFC 1035, section
 * 3.3.1), which a resolver of addresses does not return.
 */
final class NameAliases implements AutoCloseable {

	private static final Duration TIMEOUT = Duration.ofSeconds(2);

	private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

	private final DnsNameResolver resolver;

	NameAliases(DnsServerAddressStreamProvider servers) {
		this.resolver = new DnsNameResolverBuilder(this.loop.next()).datagramChannelType(NioDatagramChannel.class)
			.nameServerProvider(servers)
			.queryTimeoutMillis(TIMEOUT.toMillis())
			.build();
	}

	/**
	 * Asks for a name.
	 * @param name the name of a host
	 * @return its aliases and IPv4 addresses; empty if the name servers do not know it or
	 * do not respond
	 */
	Mono<Aliases> of(String name) {
		return Mono.<Aliases>create((sink) -> this.resolver.query(new DefaultDnsQuestion(name, DnsRecordType.A))
			.addListener((Future<AddressedEnvelope<DnsResponse, InetSocketAddress>> query) -> {
				if (query.isSuccess()) {
					sink.success(read(query.getNow().content()));
					query.getNow().release();
				}
				else {
					sink.success();
				}
			})).filter((aliases) -> !aliases.names().isEmpty() || !aliases.addresses().isEmpty());
	}

	private static Aliases read(DnsResponse response) {
		List<String> names = new ArrayList<>();
		List<InetAddress> addresses = new ArrayList<>();
		for (int i = 0; i < response.count(DnsSection.ANSWER); i++) {
			if (response.recordAt(DnsSection.ANSWER, i) instanceof DnsRawRecord found) {
				if (found.type().equals(DnsRecordType.CNAME)) {
					names.add(DefaultDnsRecordDecoder.decodeName(found.content().duplicate()).replaceFirst("\\.$", ""));
				}
				else if (found.type().equals(DnsRecordType.A)) {
					try {
						addresses.add(InetAddress.getByAddress(ByteBufUtil.getBytes(found.content())));
					}
					catch (UnknownHostException ex) {
						// a record with a wrong length is no address
					}
				}
			}
		}
		return new Aliases(names, addresses);
	}

	@Override
	public void close() {
		this.resolver.close();
		this.loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
	}

	/**
	 * The records of a name.
	 *
	 * @param names the aliases, in the order of the response
	 * @param addresses the IPv4 addresses
	 */
	record Aliases(List<String> names, List<InetAddress> addresses) {
	}

}
