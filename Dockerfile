# Weir's image: built from source, with a minimal Java runtime and an AOT cache from a training run.
# Nothing in here needs BuildKit. The base images need glibc and bash. Scripts are given to a shell, since a build context
# that comes from Windows has lost the right to execute them.
ARG BUILD_IMAGE=eclipse-temurin:25-jdk
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
# The modules of Java that Weir and its libraries use. The options are defaults: JAVA_TOOL_OPTIONS comes after them
RUN jlink --output /jre \
    --add-modules java.base,java.compiler,java.desktop,java.instrument,java.logging,java.management,java.naming,java.net.http,java.security.jgss,java.security.sasl,java.sql,java.xml,jdk.crypto.cryptoki,jdk.httpserver,jdk.jfr,jdk.management,jdk.management.agent,jdk.naming.dns,jdk.net,jdk.unsupported,jdk.zipfs \
    --add-options="-XX:MaxRAMPercentage=60 -XX:MaxDirectMemorySize=192m -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData" \
    --no-header-files --no-man-pages --compress zip-6
WORKDIR /build
COPY mvnw pom.xml ./
COPY .mvn .mvn
# A separate layer, so that a change of Weir's sources downloads nothing
RUN sh mvnw -B -ntp -Dmaven.test.skip=true dependency:go-offline
COPY src/main src/main
RUN sh mvnw -B -ntp -Dmaven.test.skip=true package \
    && java -Djarmode=tools -jar target/weir-*.jar extract --layers --destination layers --application-filename weir.jar

# Whoever checked them out may have kept them from others, and Weir runs as user 10001
COPY docker/health application.yml /files/
RUN chmod a+r /files/*

FROM ${RUNTIME_IMAGE} AS runtime
ENV PATH=/opt/java/bin:$PATH LANG=C.UTF-8
COPY --from=build /jre /opt/java
WORKDIR /app
COPY --from=build /build/layers/dependencies/ ./
COPY --from=build /build/layers/spring-boot-loader/ ./
COPY --from=build /build/layers/snapshot-dependencies/ ./
COPY --from=build /build/layers/application/ ./
COPY --from=build /files/health ./

FROM runtime AS train
COPY docker/train /train
# AOTMode=on refuses to start without the cache; auto would continue without it
RUN bash /train && java -XX:AOTMode=on -XX:AOTCache=weir.aot -Dspring.context.exit=onRefresh -jar weir.jar --spring.profiles.active=demo

FROM runtime
COPY --from=train /app/weir.aot ./
# Settings of your own may be mounted over this file, or beside it as /app/config/application.yml
COPY --from=build /files/application.yml ./
# A container is reachable from elsewhere, so Weir wants to know its clients: weir.clients, or WEIR_OPEN=true
ENV SERVER_ADDRESS=0.0.0.0
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["bash", "/app/health"]
ENTRYPOINT ["java", "-XX:AOTCache=/app/weir.aot", "-jar", "weir.jar"]
