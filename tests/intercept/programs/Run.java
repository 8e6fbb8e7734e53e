import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** A run with the HttpClient of the JDK; the host is written into the program. */
class Run {
    public static void main(String[] arguments) throws Exception {
        var url = "https://api.cloudflare.com/client/v4/accounts/"
                + System.getenv("CLOUDFLARE_ACCOUNT_ID") + "/ai/run";
        var body = "{\"model\":\"runwayml/aleph-2\",\"input\":{\"prompt\":\"Make it snow\","
                + "\"video_uri\":\"https://example.com/v.mp4\",\"duration\":5}}";
        var request = HttpRequest.newBuilder(URI.create(url))
                .header("Authorization", "Bearer " + System.getenv("CLOUDFLARE_API_TOKEN"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        System.exit(response.statusCode() == 200 ? 0 : 1);
    }
}
