package dev.weir.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/**
 * A frame as it was received, or a part of a long frame.
 *
 * @param header the header of the frame
 * @param bytes the bytes, from the header of the frame on; owned by the receiver of the
 * part
 * @param begins whether it begins the frame
 * @param ends whether it ends the frame
 */
record FramePart(FrameHeader header, ByteBuf bytes, boolean begins, boolean ends) {

	/**
	 * Copies the payload.
	 * @param offset the index of the first byte in the payload of the frame
	 * @return the payload of this part, unmasked
	 */
	byte[] payload(long offset) {
		int skipped = this.begins ? this.header.size() : 0;
		byte[] payload = ByteBufUtil.getBytes(this.bytes, this.bytes.readerIndex() + skipped,
				this.bytes.readableBytes() - skipped);
		if (this.header.masked()) {
			FrameHeader.mask(payload, this.header.mask(), offset);
		}
		return payload;
	}

}
