// Who is signed in, by the provider's own word:  java WhoAmI.java https://PROVIDER/userinfo
// Exit codes: 0 done, 1 failed, 3 Loopgate does not run, 4 nobody is signed in, 5 refused. Java 11, no library.
import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
import java.util.*;

class WhoAmI {
  public static void main(String[] arguments) throws Exception {
    String system = System.getProperty("os.name"), user = System.getenv("HOME");
    var home = system.startsWith("Mac") ? user + "/Library/Application Support/Loopgate"
        : system.startsWith("Windows") ? System.getenv("APPDATA") + "/Loopgate"
        : System.getenv().getOrDefault("XDG_CONFIG_HOME", user + "/.config") + "/loopgate";
    var file = Path.of(System.getenv().getOrDefault("LOOPGATE_HOME", home), "endpoint.json");
    var address = Files.exists(file) ? field("address", Files.readString(file)) : "http://localhost:1000";
    // Without a time limit: the person may be answering whether this program may.
    var answer = get(address + "/user/access_token", "Accept", "text/plain");
    if (answer == null) stop(3, "Loopgate does not run at " + address + ". Start it, then try again.");
    int code = Map.of(200, 0, 401, 4, 403, 5).getOrDefault(answer.statusCode(), 1);
    if (code != 0) stop(code, field("error_description", answer.body()));
    var person = get(arguments[0], "Authorization", "Bearer " + answer.body());
    boolean isKnown = person != null && person.statusCode() == 200;
    if (!isKnown) stop(1, "The provider did not say who this is. Check the address.");
    System.out.println("Signed in as " + field("name", person.body()) + ".");
  }
  static HttpResponse<String> get(String address, String... headers) throws InterruptedException {
    try {
      var request = HttpRequest.newBuilder(URI.create(address)).headers(headers).build();
      return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    } catch (java.io.IOException nobodyAnswers) {
      return null;
    }
  }
  static String field(String name, String json) { // As it is written: Java has no JSON of its own.
    var value = json.substring(json.indexOf("\"" + name + "\"") + name.length() + 2).replaceFirst("^\\s*:\\s*\"", "");
    return value.substring(0, value.indexOf('"'));
  }
  static void stop(int code, String why) { System.err.println(why); System.exit(code); }
}
