package dev.weir.testing;

import java.io.IOException;

/** How a backend breaks a connection off. */
public enum Breaking {

	/** With a TCP reset. */
	RST,

	/** With an orderly TCP close. */
	FIN;

	public void apply(RawBackend.Call call) throws IOException {
		if (this == RST) {
			call.reset();
		}
		else {
			call.socket().close();
		}
	}

}
