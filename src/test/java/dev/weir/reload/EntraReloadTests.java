package dev.weir.reload;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.testing.Bodies;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Scripts;
import dev.weir.testing.TokenIssuer;

import static dev.weir.testing.WeirServer.backend;
import static dev.weir.testing.WeirServer.pool;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Changes of the settings of Microsoft Entra ID while Weir runs.
 */
@ExtendWith(OutputCaptureExtension.class)
class EntraReloadTests {

	private static final String KEYED = "  clients: [{name: keyed, key: keyed-key-0123456789}]\n";

	private final OpenResources resources = new OpenResources();

	private final TokenIssuer issuer = this.resources.add(TokenIssuer.start());

	private final RawBackend upstream = this.resources.backend(Scripts.SERVES);

	@AfterEach
	void close() {
		this.resources.close();
	}

	private String yaml(String entra, String clients) {
		return pool("", backend("one", this.upstream.url())) + entra + clients;
	}

	private String entra(TokenIssuer of, String more) {
		return "  entra: {tenant: " + TokenIssuer.TENANT + ", authority: '" + of.authority() + "'" + more + "}\n";
	}

	private static int status(ReloadableWeir weir, String token) {
		return weir.server().post("/v1/chat/completions", Bodies.CHAT, "authorization", "Bearer " + token).statusCode();
	}

	@Test
	void c25TokensAreAcceptedRestrictedAndRefusedWithoutARestart(CapturedOutput output) {
		ReloadableWeir weir = this.resources.add(ReloadableWeir.start(yaml("", KEYED)));
		String token = this.issuer.first().sign();
		assertThat(status(weir, token)).isEqualTo(401);
		String named = "  clients: [{name: chat, apps: [" + TokenIssuer.APP + "]}]\n";
		assertThat(weir.change(yaml(entra(this.issuer, ""), named)).problem()).isNull();
		assertThat(output).contains("entra added", "client chat added");
		// the keys are known when the settings apply
		assertThat(status(weir, token)).isEqualTo(200);
		assertThat(this.issuer.reads()).isEqualTo(1);
		weir.change(yaml(entra(this.issuer, ""), named.replace("apps", "models: [o3], apps")));
		assertThat(status(weir, token)).isEqualTo(403);
		weir.change(yaml(entra(this.issuer, ""), KEYED));
		assertThat(status(weir, token)).isEqualTo(403);
		weir.change(yaml(entra(this.issuer, ", others: keyed"), KEYED));
		assertThat(status(weir, token)).isEqualTo(200);
		weir.change(yaml(entra(this.issuer, ", others: keyed, audiences: ['api://weir']"), KEYED));
		assertThat(status(weir, token)).isEqualTo(401);
		assertThat(status(weir, this.issuer.second().with("aud", "api://weir").sign())).isEqualTo(200);
		// the same keys all the time
		assertThat(this.issuer.reads()).isEqualTo(1);
		weir.change(yaml("", KEYED));
		assertThat(status(weir, token)).isEqualTo(401);
		assertThat(output).contains("entra removed").doesNotContain(token);
	}

	@Test
	void anotherIssuerTakesTheKeysWithIt() {
		TokenIssuer next = this.resources.add(TokenIssuer.start());
		ReloadableWeir weir = this.resources
			.add(ReloadableWeir.start(yaml(entra(this.issuer, ", others: keyed"), KEYED)));
		String old = this.issuer.first().sign();
		assertThat(status(weir, old)).isEqualTo(200);
		weir.change(yaml(entra(next, ", others: keyed"), KEYED));
		assertThat(status(weir, old)).isEqualTo(401);
		assertThat(status(weir, next.first().sign())).isEqualTo(200);
		assertThat(status(weir, next.second().sign())).isEqualTo(200);
	}

}
