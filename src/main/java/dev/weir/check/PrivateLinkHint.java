package dev.weir.check;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Locale;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.check.Finding.Step;
import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;

/**
 * Finds Azure resources that have a private endpoint, but whose name resolves to a public
 * address: the private DNS zone is not linked to the network of Weir. The name
 * {@code x.openai.azure.com} of such a resource is an alias of
 * {@code x.privatelink.openai.azure.com}.
 */
final class PrivateLinkHint {

	private static final String PRIVATE_LINK = ".privatelink.";

	private final NameAliases aliases;

	PrivateLinkHint(NameAliases aliases) {
		this.aliases = aliases;
	}

	/**
	 * Looks for a private endpoint.
	 * @param backend the backend
	 * @param address the address that Weir connected to
	 * @return a warning, empty if there is no reason for one
	 */
	Mono<Finding> of(BackendProperties backend, @Nullable InetAddress address) {
		String host = backend.host().toLowerCase(Locale.ROOT);
		if (address == null || !isPublic(address) || BackendDialect.ofHost(host) != BackendDialect.AZURE) {
			return Mono.empty();
		}
		String expected = privateName(host);
		return this.aliases.of(host).flatMap((known) -> {
			String name = known.names()
				.stream()
				.filter((alias) -> alias.toLowerCase(Locale.ROOT).contains(PRIVATE_LINK))
				.findFirst()
				.orElse(null);
			return (name != null) ? Mono.just(name)
					// some DNS servers leave the aliases out
					: this.aliases.of(expected).map((found) -> expected);
		}).map((name) -> warning(host, name, address));
	}

	private static String privateName(String host) {
		return host.replaceFirst("\\.", PRIVATE_LINK);
	}

	private static Finding warning(String host, String name, InetAddress address) {
		String zone = name.substring(name.toLowerCase(Locale.ROOT).indexOf(PRIVATE_LINK) + 1);
		return Finding.warning(Step.NAME,
				host + " has a private endpoint, but resolves to the public address " + address.getHostAddress(),
				"Link the private DNS zone " + zone + " to the network of Weir, or forward this zone to Azure's DNS"
						+ " (168.63.129.16). Nothing is to do if Weir shall use the public address.");
	}

	/** Whether an address is not one of a private network (RFC 1918, 4193, 6598). */
	static boolean isPublic(InetAddress address) {
		byte[] bytes = address.getAddress();
		boolean uniqueLocal = address instanceof Inet6Address && (bytes[0] & 0xFE) == 0xFC;
		boolean shared = bytes.length == 4 && bytes[0] == 100 && (bytes[1] & 0xC0) == 64;
		return !(address.isLoopbackAddress() || address.isSiteLocalAddress() || address.isLinkLocalAddress()
				|| address.isAnyLocalAddress() || uniqueLocal || shared);
	}

}
