using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Signalbox.Harness;

/// <summary>The service under test, as its connection string names it, and the test's own switchboard.</summary>
/// <param name="connectionString">of the service</param>
/// <param name="control">where the test listens for <c>restart</c>, <c>cut</c>, <c>release</c> and <c>another</c> (the connection string of a second service)</param>
public sealed class Environment(string connectionString, Uri control)
{
    private static readonly HttpClient Http = new();

    private readonly Dictionary<string, string> parts = connectionString
        .Split(';', StringSplitOptions.RemoveEmptyEntries)
        .Select(part => part.Split('=', 2))
        .ToDictionary(pair => pair[0], pair => pair[1]);

    public string ConnectionString => connectionString;

    /// <summary>Port included, no trailing slash.</summary>
    public string Endpoint => parts.TryGetValue("Port", out var port) ? $"{parts["Endpoint"]}:{port}" : parts["Endpoint"];


    /// <summary>Tells the test to do something to the service and waits until it is done. Answers what the test answers.</summary>
    public async Task<string> ControlAsync(string wish) =>
        await (await Http.PostAsync(new Uri(control, wish), null)).EnsureSuccessStatusCode().Content.ReadAsStringAsync();

    public string ClientUrl(string hub) => $"{Endpoint}/client/?hub={hub}";

    public string ClientToken(string hub, string user) => Sign(new() { ["aud"] = ClientUrl(hub), ["nameid"] = user });

    public Task SendAsync(string hub, string receiver, string target, params object?[] arguments) =>
        RestAsync(HttpMethod.Post, hub, $"{receiver}/:send", new { target, arguments });

    public async Task<JsonElement> RestAsync(HttpMethod method, string hub, string path, object? body = null)
    {
        var url = new UriBuilder($"{Endpoint}/api/hubs/{hub}{path}");
        var audience = url.Uri.GetLeftPart(UriPartial.Path);
        url.Query = $"{url.Query.TrimStart('?')}&api-version=2024-12-01".TrimStart('&');
        using var request = new HttpRequestMessage(method, url.Uri);
        request.Headers.Authorization = new("Bearer", Sign(new() { ["aud"] = audience }));
        request.Headers.Accept.Add(new("application/json"));
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? text == "" ? default : JsonDocument.Parse(text).RootElement
            : throw new ExpectationFailed($"{method} {path}: {(int)response.StatusCode} {text}");
    }

    private string Sign(Dictionary<string, object> claims)
    {
        claims["exp"] = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds();
        var text = $"{Encode("""{"alg":"HS256","typ":"JWT"}"""u8)}.{Encode(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{text}.{Encode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(parts["AccessKey"]), Encoding.ASCII.GetBytes(text)))}";
    }

    private static string Encode(ReadOnlySpan<byte> bytes) =>
        Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
