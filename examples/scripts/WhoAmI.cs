// Who is signed in, by the provider's own word:  dotnet run WhoAmI.cs -- https://PROVIDER/userinfo   (.NET 10)
// Exit codes: 0 done, 1 failed, 3 Loopgate does not run, 4 nobody is signed in, 5 refused. No package.
// Not run by Loopgate's tests: Debian has no .NET.
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

// ~/.config, ~/Library/Application Support or %APPDATA%; in the latter two, Loopgate and loopgate are the same.
var data = Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData);
var home = Environment.GetEnvironmentVariable("LOOPGATE_HOME") ?? Path.Join(data, "loopgate");
var file = Path.Join(home, "endpoint.json");
var address = File.Exists(file) ? Field("address", File.ReadAllText(file)) : "http://localhost:1000";

// Never by a proxy, and without a time limit: the person may be answering whether this program may.
using var loopgate = new HttpClient(new HttpClientHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
HttpResponseMessage answer;
try { answer = await loopgate.GetAsync(address + "/user/access_token"); }
catch (HttpRequestException) { return Stop(3, $"Loopgate does not run at {address}. Start it, then try again."); }
var token = await answer.Content.ReadAsStringAsync();
if (answer.StatusCode == HttpStatusCode.Unauthorized) return Stop(4, Field("error_description", token));
if (answer.StatusCode == HttpStatusCode.Forbidden) return Stop(5, Field("error_description", token));
if (!answer.IsSuccessStatusCode) return Stop(1, Field("error_description", token));

using var provider = new HttpClient();
provider.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
try { Console.WriteLine($"Signed in as {Field("name", await provider.GetStringAsync(args[0]))}."); }
catch (HttpRequestException) { return Stop(1, "The provider did not say who this is. Check the address."); }
return 0;

static string? Field(string name, string json) => JsonDocument.Parse(json).RootElement.GetProperty(name).GetString();
static int Stop(int code, string? why)
{
    Console.Error.WriteLine(why);
    return code;
}
