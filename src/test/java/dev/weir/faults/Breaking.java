package dev.weir.faults;

import java.io.IOException;

import dev.weir.testing.RawBackend;

/** How a backend breaks off. */
enum Breaking {

	RST, FIN;

	void apply(RawBackend.Call call) throws IOException {
		if (this == RST) {
			call.reset();
		}
		else {
			call.socket().close();
		}
	}

}
