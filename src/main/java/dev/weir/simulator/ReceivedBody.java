package dev.weir.simulator;

import java.io.ByteArrayOutputStream;
import java.io.IOException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.multipart.Attribute;
import io.netty.handler.codec.http.multipart.DefaultHttpDataFactory;
import io.netty.handler.codec.http.multipart.HttpPostMultipartRequestDecoder;
import io.netty.handler.codec.http.multipart.HttpPostRequestDecoder;
import io.netty.handler.codec.http.multipart.HttpPostRequestDecoder.ErrorDataDecoderException;
import io.netty.handler.codec.http.multipart.InterfaceHttpData;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The whole body of a request.
 */
final class ReceivedBody {

	private static final JsonMapper MAPPER = JsonMapper.shared();

	private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

	private final int limit;

	private boolean tooLarge;

	private ReceivedBody(int limit) {
		this.limit = limit;
	}

	/**
	 * Reads a body to its end. Bytes beyond the limit are read and dropped: if the
	 * connection were closed early, the client might not get the response.
	 * @param buffers the parts of the body
	 * @param limit the largest accepted body in bytes
	 * @return the body, or a 413 error
	 */
	static Mono<ReceivedBody> read(Flux<ByteBuf> buffers, int limit) {
		return buffers.reduceWith(() -> new ReceivedBody(limit), ReceivedBody::append).doOnNext((body) -> {
			if (body.tooLarge) {
				throw SimulatedErrorException.azure(413,
						"Request body is too large. At most %d bytes are accepted.".formatted(limit));
			}
		});
	}

	private ReceivedBody append(ByteBuf buffer) {
		this.tooLarge = this.tooLarge || buffer.readableBytes() > this.limit - this.bytes.size();
		if (!this.tooLarge) {
			try {
				buffer.readBytes(this.bytes, buffer.readableBytes());
			}
			catch (IOException ex) {
				throw new IllegalStateException("writing to memory cannot fail", ex);
			}
		}
		return this;
	}

	ObjectNode json() {
		try {
			JsonNode json = MAPPER.readTree(this.bytes.toByteArray());
			if (json instanceof ObjectNode object) {
				return object;
			}
		}
		catch (JacksonException ex) {
			throw SimulatedErrorException
				.invalid("We could not parse the JSON body of your request: " + ex.getOriginalMessage(), null);
		}
		throw SimulatedErrorException.invalid("We could not parse the JSON body of your request: it is not an object",
				null);
	}

	/**
	 * Parses a multipart form that has a file.
	 * @param contentType the {@code content-type} of the request, with the boundary
	 * @return the fields of the form without its files
	 */
	ObjectNode form(@Nullable String contentType) {
		FullHttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/",
				Unpooled.wrappedBuffer(this.bytes.toByteArray()));
		request.headers().set(HttpHeaderNames.CONTENT_TYPE, (contentType != null) ? contentType : "");
		if (!HttpPostRequestDecoder.isMultipart(request)) {
			throw SimulatedErrorException
				.invalid("The request must be of the type multipart/form-data and name a boundary", null);
		}
		try {
			return form(new HttpPostMultipartRequestDecoder(new DefaultHttpDataFactory(false), request));
		}
		catch (ErrorDataDecoderException | IOException ex) {
			throw SimulatedErrorException.invalid("We could not parse the form of your request: " + ex.getMessage(),
					null);
		}
	}

	private static ObjectNode form(HttpPostMultipartRequestDecoder decoder) throws IOException {
		try {
			if (decoder.getBodyHttpData("file") == null) {
				throw SimulatedErrorException.invalid("Missing required parameter: 'file'.", "file");
			}
			ObjectNode fields = JsonNodeFactory.instance.objectNode();
			for (InterfaceHttpData data : decoder.getBodyHttpDatas()) {
				if (data instanceof Attribute attribute) {
					fields.put(attribute.getName(), attribute.getValue());
				}
			}
			return fields;
		}
		finally {
			decoder.destroy();
		}
	}

}
