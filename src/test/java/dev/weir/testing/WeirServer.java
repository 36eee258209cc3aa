package dev.weir.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.io.DefaultResourceLoader;
import org.springframework.core.type.classreading.CachingMetadataReaderFactory;
import org.springframework.core.type.classreading.MetadataReaderFactory;

import dev.weir.WeirApplication;

/**
 * Weir, running on a free port with the {@code application.yml} of a test.
 */
public final class WeirServer implements AutoCloseable {

	private static final HttpClient CLIENT = client();

	/** The name under which Spring Boot looks for it before it creates one. */
	private static final String CLASS_READER = "org.springframework.boot.autoconfigure.internalCachingMetadataReaderFactory";

	private static final int MAX_CLASSES = 10_000;

	/** Each start reads the same classes. */
	private static final MetadataReaderFactory CLASSES = classReader();

	private static final String ADDRESS = "--server.address=";

	private final ReactiveWebServerApplicationContext context;

	private final HttpClient client;

	private WeirServer(ReactiveWebServerApplicationContext context, HttpClient client) {
		this.context = context;
		this.client = client;
	}

	private static HttpClient client() {
		return HttpClient.newBuilder()
			.version(HttpClient.Version.HTTP_1_1)
			.connectTimeout(Duration.ofSeconds(5))
			.build();
	}

	private static MetadataReaderFactory classReader() {
		CachingMetadataReaderFactory factory = new CachingMetadataReaderFactory(
				new DefaultResourceLoader(WeirServer.class.getClassLoader()));
		factory.setCacheLimit(MAX_CLASSES);
		return factory;
	}

	/**
	 * Starts Weir.
	 * @param yaml the user's settings
	 * @param arguments further command line arguments
	 * @return the running server
	 */
	public static WeirServer start(String yaml, String... arguments) {
		return start((context) -> {
		}, yaml, arguments);
	}

	/**
	 * Starts Weir with further beans.
	 * @param beans registers them
	 * @param yaml the user's settings
	 * @param arguments further command line arguments
	 * @return the running server
	 */
	public static WeirServer start(Consumer<GenericApplicationContext> beans, String yaml, String... arguments) {
		try {
			Path file = Files.createTempFile("weir", ".yml");
			file.toFile().deleteOnExit();
			Files.writeString(file, yaml);
			return startFrom(file, beans, arguments);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Starts Weir with a file that the test may change.
	 * @param file the user's settings
	 * @param beans registers further beans
	 * @param arguments further command line arguments
	 * @return the running server
	 */
	public static WeirServer startFrom(Path file, Consumer<GenericApplicationContext> beans, String... arguments) {
		List<String> all = new ArrayList<>(
				List.of("--server.port=0", "--spring.config.additional-location=file:" + file));
		if (Stream.of(arguments).noneMatch((argument) -> argument.startsWith(ADDRESS))) {
			all.add(ADDRESS + "127.0.0.1");
		}
		all.addAll(List.of(arguments));
		return new WeirServer((ReactiveWebServerApplicationContext) new SpringApplicationBuilder(WeirApplication.class)
			.initializers((GenericApplicationContext context) -> {
				context.registerBean(LastingResources.class);
				context.registerBean(CLASS_READER, MetadataReaderFactory.class, () -> CLASSES);
				beans.accept(context);
			})
			.properties("weir.startup-check=false")
			.run(all.toArray(String[]::new)), CLIENT);
	}

	/**
	 * Starts Weir with one pool, named openai.
	 * @param backends the pool's backends, each as {@link #backend} writes them
	 * @return the running server
	 */
	public static WeirServer withBackends(String... backends) {
		return start(pool("", backends));
	}

	/**
	 * Writes the settings of one pool, named openai.
	 * @param settings settings of the pool but its backends, in YAML flow style, such as
	 * {@code deadline: 1s}, or empty
	 * @param backends the backends, each as {@link #backend} writes them
	 * @return the YAML
	 */
	public static String pool(String settings, String... backends) {
		return "weir:\n  pools:\n    openai: {" + (settings.isEmpty() ? "" : settings + ", ") + "backends: ["
				+ String.join(", ", backends) + "]}\n";
	}

	/**
	 * Writes a backend of Azure's dialect with its own key.
	 * @param name its name; its key is {@code key-of-} and this
	 * @param url its URL
	 * @param settings further settings in YAML flow style, such as {@code priority: 2}
	 * @return the YAML, in flow style
	 */
	public static String backend(String name, URI url, String... settings) {
		List<String> all = new ArrayList<>(
				List.of("name: " + name, "url: '" + url + "'", "api-key: key-of-" + name, "dialect: azure"));
		all.addAll(List.of(settings));
		return "{" + String.join(", ", all) + "}";
	}

	/**
	 * The same server with a new client, which sends requests one after the other on a
	 * single connection. They therefore run on one event loop, which uses one connection
	 * to each backend.
	 * @return the server; only one of the two must be closed
	 */
	public WeirServer onOneConnection() {
		return new WeirServer(this.context, client());
	}

	public int port() {
		return this.context.getWebServer().getPort();
	}

	public URI uri(String path) {
		return URI.create("http://127.0.0.1:" + port() + path);
	}

	public <T> T bean(Class<T> type) {
		return this.context.getBean(type);
	}

	public <T> Map<String, T> beans(Class<T> type) {
		return this.context.getBeansOfType(type);
	}

	/**
	 * Sends a chat completion for gpt-4o in OpenAI's dialect.
	 * @return the response
	 */
	public HttpResponse<String> chat() {
		return post("/v1/chat/completions", Bodies.CHAT);
	}

	public HttpResponse<String> post(String path, String body, String... headers) {
		HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
			.timeout(Duration.ofSeconds(20))
			.header("content-type", "application/json")
			.POST(HttpRequest.BodyPublishers.ofString(body));
		return send((headers.length > 0) ? request.headers(headers) : request);
	}

	/**
	 * Sends a form.
	 * @param path the path and query
	 * @param body the whole body
	 * @param boundary the boundary between its parts
	 * @return the response
	 */
	public HttpResponse<String> form(String path, String body, String boundary) {
		return send(HttpRequest.newBuilder(uri(path))
			.timeout(Duration.ofSeconds(20))
			.header("content-type", "multipart/form-data; boundary=" + boundary)
			.POST(HttpRequest.BodyPublishers.ofString(body)));
	}

	/**
	 * Sends a raw request to a pool of {@link PoolsYaml}, on a new connection.
	 * @param pool the pool's name
	 * @param requestLine method and path
	 * @param body the body, empty for none
	 * @param headers header lines
	 * @return the reply
	 */
	public RawReply exchange(String pool, String requestLine, byte[] body, String... headers) {
		List<String> all = new ArrayList<>(List.of(headers));
		all.add("x-pool: " + pool);
		return RawClient.exchange(port(), requestLine, body, all.toArray(String[]::new));
	}

	public HttpResponse<String> get(String path, String... headers) {
		HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(20));
		return send((headers.length > 0) ? request.headers(headers) : request);
	}

	/**
	 * Sends a request of any method.
	 * @param method the method
	 * @param path the path and query
	 * @param body the JSON body
	 * @return the response
	 */
	public HttpResponse<String> send(String method, String path, String body) {
		return send(HttpRequest.newBuilder(uri(path))
			.timeout(Duration.ofSeconds(20))
			.header("content-type", "application/json")
			.method(method, HttpRequest.BodyPublishers.ofString(body)));
	}

	private HttpResponse<String> send(HttpRequest.Builder request) {
		try {
			return this.client.send(request.build(), HttpResponse.BodyHandlers.ofString());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	@Override
	public void close() {
		this.context.close();
	}

}
