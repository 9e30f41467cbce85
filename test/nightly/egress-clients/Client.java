// Java's client: Client BASE UNDECLARED. What it does stands in client.ts.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Client {
  private static final HttpClient client = HttpClient.newHttpClient();

  private static String ask(String url) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
    return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  public static void main(String[] arguments) throws Exception {
    String base = arguments[0];
    say("{\"says\":\"listening\"}");
    for (String path : new String[] {"/one", "/two"}) say("{\"answer\":" + ask(base + path) + "}");
    new BufferedReader(new InputStreamReader(System.in)).readLine();
    say("{\"answer\":" + ask(base + "/three") + "}");
    long began = System.nanoTime();
    try {
      ask(arguments[1]);
      say("{\"unknown\":\"answered\"}");
    } catch (Exception error) {
      String words = (error + " " + error.getCause()).replaceAll("[^A-Za-z0-9 .:_-]", "");
      say("{\"unknown\":\"" + words + "\",\"milliseconds\":" + (System.nanoTime() - began) / 1000000 + "}");
    }
  }
}
