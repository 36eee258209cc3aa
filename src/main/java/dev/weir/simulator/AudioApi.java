package dev.weir.simulator;

import java.util.Collections;

import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Simulates {@code audio/*}: speech is silence, and every transcription is the simulated
 * text.
 */
final class AudioApi {

	private static final int FRAMES = 4;

	private AudioApi() {
	}

	static SimulatedResponse speech(SimulatedRequest request) {
		return new SimulatedResponse("audio/mpeg", Collections.nCopies(FRAMES, silence()));
	}

	static SimulatedResponse text(SimulatedRequest request) {
		return SimulatedResponse.json(JsonNodeFactory.instance.objectNode().put("text", request.text()));
	}

	/**
	 * A silent frame of MPEG-1 layer III at 128 kbit/s and 44.1 kHz: a header, then
	 * zeros, 417 bytes in all.
	 */
	private static byte[] silence() {
		byte[] frame = new byte[417];
		frame[0] = (byte) 0xFF;
		frame[1] = (byte) 0xFB;
		frame[2] = (byte) 0x90;
		return frame;
	}

}
