package dev.weir;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/**
 * The Weir gateway as a Spring Boot application.
 */
@SpringBootApplication(proxyBeanMethods = false)
public class WeirApplication {

	public static void main(String[] args) {
		SpringApplication.run(WeirApplication.class, args);
	}

}
