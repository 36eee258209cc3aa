package dev.weir.check;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;

import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.jspecify.annotations.Nullable;

import dev.weir.testing.NameServer;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

class PrivateLinkHintTests {

	private static final String HOST = "my-east.openai.azure.com";

	private static final String PRIVATE_NAME = "my-east.privatelink.openai.azure.com";

	@AutoClose
	private final NameServer server = NameServer.start();

	@AutoClose
	private final NameAliases aliases = new NameAliases(
			new SingletonDnsServerAddressStreamProvider(this.server.address()));

	@Test
	void warnsIfAPrivateLinkNameResolvesToAPublicAddress() {
		this.server.setAlias(HOST, PRIVATE_NAME);
		this.server.setAddress(PRIVATE_NAME, "20.1.2.3", 60);
		assertThat(hint(HOST, "20.1.2.3")).isEqualTo(Finding.warning(Finding.Step.NAME,
				HOST + " has a private endpoint, but resolves to the public" + " address 20.1.2.3",
				"Link the private DNS zone privatelink.openai.azure.com to the network of Weir,"
						+ " or forward this zone to Azure's DNS (168.63.129.16). Nothing is to do if Weir shall use"
						+ " the public address."));
	}

	@Test
	void warnsIfThePrivateLinkNameExistsBesideTheName() {
		this.server.setAddress(HOST, "20.1.2.3", 60);
		this.server.setAddress(PRIVATE_NAME, "10.0.0.4", 60);
		assertThat(hint(HOST, "20.1.2.3")).isNotNull();
	}

	@Test
	void isSilentIfThereIsNoPrivateEndpoint() {
		this.server.setAlias(HOST, "eastus.api.cognitive.microsoft.com");
		this.server.setAddress("eastus.api.cognitive.microsoft.com", "20.1.2.3", 60);
		assertThat(hint(HOST, "20.1.2.3")).isNull();
		assertThat(this.server.questions()).containsExactly(HOST, PRIVATE_NAME);
	}

	@Test
	void asksNothingForAPrivateAddressOrAnotherHost() {
		assertThat(hint(HOST, "10.0.0.4")).isNull();
		assertThat(hint("vllm.example", "20.1.2.3")).isNull();
		assertThat(this.server.questions()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "20.1.2.3, true", "10.1.2.3, false", "172.16.0.1, false", "172.32.0.1, true", "192.168.1.1, false",
			"100.64.0.1, false", "100.128.0.1, true", "127.0.0.1, false", "169.254.1.1, false", "fd00::1, false",
			"fe80::1, false", "2603:1030::1, true" })
	void knowsPublicAddresses(String address, boolean isPublic) throws UnknownHostException {
		assertThat(PrivateLinkHint.isPublic(InetAddress.getByName(address))).isEqualTo(isPublic);
	}

	private @Nullable Finding hint(String host, String address) {
		try {
			return new PrivateLinkHint(this.aliases)
				.of(TestPools.backend("openai1", "url=https://" + host), InetAddress.getByName(address))
				.block(Duration.ofSeconds(10));
		}
		catch (UnknownHostException ex) {
			throw new IllegalArgumentException(ex);
		}
	}

}
