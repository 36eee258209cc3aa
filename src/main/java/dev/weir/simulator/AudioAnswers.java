package dev.weir.simulator;

import java.util.Collections;

import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Answers of {@code audio}: silence for text, and text for sound.
 */
final class AudioAnswers {

	private static final int FRAMES = 4;

	private AudioAnswers() {
	}

	static Answer speech(Call call) {
		return new Answer("audio/mpeg", Collections.nCopies(FRAMES, silence()));
	}

	static Answer text(Call call) {
		return Answer.json(JsonNodeFactory.instance.objectNode().put("text", call.text()));
	}

	/**
	 * A frame of MPEG-1 layer III at 128 kbit/s and 44.1 kHz, which is 417 bytes long and
	 * silent if there is nothing behind its header.
	 */
	private static byte[] silence() {
		byte[] frame = new byte[417];
		frame[0] = (byte) 0xFF;
		frame[1] = (byte) 0xFB;
		frame[2] = (byte) 0x90;
		return frame;
	}

}
