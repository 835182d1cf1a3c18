import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Sends a GET and two POSTs with the client of the JDK, which offers h2c on plain HTTP unless it is told otherwise. */
public class OfferH2c {
  public static void main(String[] arguments) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(arguments[0]))
            .timeout(Duration.ofSeconds(20))
            .header("Authorization", "Bearer " + arguments[1]);
    send(client, request.GET().build());
    send(client, request.POST(HttpRequest.BodyPublishers.ofString("hello")).build());
    send(client, request.POST(HttpRequest.BodyPublishers.ofString("hello")).expectContinue(true).build());
  }

  private static void send(HttpClient client, HttpRequest request) throws Exception {
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(response.version() + " " + response.statusCode());
  }
}
