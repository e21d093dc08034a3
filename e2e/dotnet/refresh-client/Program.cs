// The .NET 11 client, which hands in a new token for the connection that it has, against the hub of ../../hub-refresh.test.ts. Its tokens are
// `user.role.seconds`; the connection string names the hub's URL as Endpoint.
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Signalbox.Harness;

var cases = new Cases();

foreach (var transport in new[] { HttpTransportType.WebSockets, HttpTransportType.ServerSentEvents, HttpTransportType.LongPolling })
{
    cases.Add($"is somebody with other claims once it has handed in its new token, over {transport}", async environment =>
    {
        var token = "ann.reader.600";
        await using var connection = Build(environment.Endpoint, transport, () => token).Build();
        await connection.StartAsync();
        var id = connection.ConnectionId;
        Expect.Equal("ann reader", await connection.InvokeAsync<string>("WhoAmI"));
        token = "ann.admin.1200";
        var lifetime = await connection.RefreshAuthenticationAsync();
        Expect.Equal(true, lifetime > TimeSpan.FromSeconds(900));
        await Expect.Eventually(async () => await connection.InvokeAsync<string>("WhoAmI") == "ann admin", "the claims are new");
        Expect.Equal(id, connection.ConnectionId);
    });

    cases.Add($"cannot become somebody else, or nobody, and stays who it was, over {transport}", async environment =>
    {
        var token = "ann.reader.600";
        await using var connection = Build(environment.Endpoint, transport, () => token).Build();
        await connection.StartAsync();
        foreach (var (other, status) in new[] { ("bob.admin.600", "403"), ("refused", "401") })
        {
            token = other;
            var error = await Expect.ThrowsAsync<HttpRequestException>(() => connection.RefreshAuthenticationAsync());
            Expect.Contains(status, error.Message);
        }
        token = "ann.reader.600";
        Expect.Equal("ann reader", await connection.InvokeAsync<string>("WhoAmI"));
    });
}

cases.Add("refreshes by itself before its token ends, and outlives it", async environment =>
{
    var token = "ann.reader.24";
    var refreshed = new TaskCompletionSource();
    var closed = new TaskCompletionSource();
    await using var connection = Build(environment.Endpoint, HttpTransportType.WebSockets, () => token).WithAuthenticationRefresh(_ => { }).Build();
    connection.AuthenticationRefreshed += _ => { refreshed.TrySetResult(); return Task.CompletedTask; };
    connection.Closed += _ => { closed.TrySetResult(); return Task.CompletedTask; };
    var end = DateTime.UtcNow.AddSeconds(26);
    await connection.StartAsync();
    token = "ann.admin.600";
    await refreshed.Task.WaitAsync(TimeSpan.FromSeconds(60));
    await Task.WhenAny(closed.Task, Task.Delay(end > DateTime.UtcNow ? end - DateTime.UtcNow : TimeSpan.Zero));
    Expect.Equal("ann admin", await connection.InvokeAsync<string>("WhoAmI"));
});

return await cases.RunAsync(args);

static IHubConnectionBuilder Build(string url, HttpTransportType transport, Func<string> token) =>
    new HubConnectionBuilder().WithUrl(url, transport, options => options.AccessTokenProvider = () => Task.FromResult<string?>(token()));
