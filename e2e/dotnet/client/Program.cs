// The .NET client against a running Signalbox.
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Signalbox.Harness;
using static Signalbox.Harness.Recording;
using Environment = Signalbox.Harness.Environment;

const string Hub = "dotnet";

var cases = new Cases();

(HttpTransportType Transport, string Protocol)[] combinations =
[
    (HttpTransportType.WebSockets, "json"),
    (HttpTransportType.WebSockets, "messagepack"),
    (HttpTransportType.ServerSentEvents, "json"),
    (HttpTransportType.LongPolling, "json"),
    (HttpTransportType.LongPolling, "messagepack"),
];

foreach (var (transport, protocol) in combinations)
{
    void Add(string name, Func<Environment, HubConnection, string, Task> run) =>
        cases.Add($"{name}, over {transport} with {protocol}", async environment =>
        {
            var user = Guid.NewGuid().ToString();
            await using var connection = Build(environment, user, transport, protocol).Build();
            await run(environment, connection, user);
        });

    Add("receives what is sent to all, its user, its group and its connection", async (environment, connection, user) =>
    {
        var received = Record<string>(connection);
        await connection.StartAsync();
        await environment.RestAsync(HttpMethod.Put, Hub, $"/groups/{user}/connections/{connection.ConnectionId}");
        string[] receivers = ["", $"/users/{user}", $"/groups/{user}", $"/connections/{connection.ConnectionId}"];
        foreach (var receiver in receivers)
        {
            await environment.SendAsync(Hub, receiver, "message", $"to {receiver}, grüße 🎉");
        }

        await Arrived(received, receivers.Select(receiver => $"to {receiver}, grüße 🎉"));
    });

    Add("receives integers of 64 bits exactly", async (environment, connection, user) =>
    {
        var received = Record<long>(connection);
        await connection.StartAsync();
        long[] numbers = [0, -1, 9007199254740993, long.MaxValue, long.MinValue];
        foreach (var number in numbers)
        {
            await environment.SendAsync(Hub, $"/users/{user}", "message", number);
        }

        await Arrived(received, numbers);
    });

    Add("invokes the app and gets its result", async (_, connection, _) =>
    {
        await connection.StartAsync();
        Expect.Equal(new Shape("grüße", [1, 2, 3]), await connection.InvokeAsync<Shape>("echo", new Shape("grüße", [1, 2, 3])));
        Expect.Equal(1L << 52, await connection.InvokeAsync<long>("echo", 1L << 52));
    });

    Add("gets the app's error, and an error for a failed app", async (_, connection, _) =>
    {
        await connection.StartAsync();
        Expect.Contains("not today", (await Expect.ThrowsAsync<HubException>(() => connection.InvokeAsync("refuse"))).Message);
        Expect.Contains("status code 500", (await Expect.ThrowsAsync<HubException>(() => connection.InvokeAsync("crash"))).Message);
    });

    Add("invokes a method without a result", async (_, connection, _) =>
    {
        await connection.StartAsync();
        await connection.InvokeAsync("nothing");
    });

    Add("reads a stream that the app fills by REST", async (_, connection, _) =>
    {
        await connection.StartAsync();
        var items = new List<int>();
        await foreach (var item in connection.StreamAsync<int>("count", 5))
        {
            items.Add(item);
        }

        Expect.Equal([1, 2, 3, 4, 5], items);
    });

    Add("answers an invocation that comes by REST", async (environment, connection, _) =>
    {
        connection.On<int, int>("double", number => number * 2);
        await connection.StartAsync();
        var answer = await environment.RestAsync(
            HttpMethod.Post, Hub, $"/connections/{connection.ConnectionId}/:invoke", new { target = "double", arguments = new[] { 21 } });
        Expect.Equal(42, answer.GetProperty("result").GetInt32());
    });

    Add("is closed with the reason", async (environment, connection, _) =>
    {
        var closed = new TaskCompletionSource<Exception?>();
        connection.Closed += error => Task.FromResult(closed.TrySetResult(error));
        await connection.StartAsync();
        // Behind the ping that ends the start: over server-sent events, one that comes after the close is answered 404, and the client reports that.
        await connection.InvokeAsync("nothing");
        await environment.RestAsync(HttpMethod.Delete, Hub, $"/connections/{connection.ConnectionId}?reason=maintenance");
        Expect.Contains("maintenance", (await closed.Task)?.Message);
    });
}

cases.Add("reconnects by itself after a crash of the service", async environment =>
{
    var user = Guid.NewGuid().ToString();
    await using var connection = Build(environment, user, HttpTransportType.WebSockets, "json").WithAutomaticReconnect(new Quickly()).Build();
    var received = Record<string>(connection);
    var reconnected = new TaskCompletionSource<string?>();
    connection.Reconnected += id => Task.FromResult(reconnected.TrySetResult(id));
    await connection.StartAsync();
    var before = connection.ConnectionId;
    await environment.ControlAsync("restart");
    var after = await reconnected.Task;
    Expect.Equal(false, before == after);
    await environment.SendAsync(Hub, $"/users/{user}", "message", "welcome back");
    await Arrived(received, ["welcome back"]);
});

foreach (var protocol in new[] { "json", "messagepack" })
{
    cases.Add($"loses nothing when its socket breaks under stateful reconnect, with {protocol}", async environment =>
    {
        var user = Guid.NewGuid().ToString();
        var proxy = await environment.ControlAsync("proxy");
        await using var connection = Build(environment, user, HttpTransportType.WebSockets, protocol, $"{proxy}/client/?hub={Hub}")
            .WithStatefulReconnect()
            .Build();
        var received = Record<string>(connection);
        await connection.StartAsync();
        var before = connection.ConnectionId;
        await environment.SendAsync(Hub, $"/users/{user}", "message", "before");
        await Arrived(received, ["before"]);
        await environment.ControlAsync("cut");
        await environment.SendAsync(Hub, $"/users/{user}", "message", "while away");
        var echo = connection.InvokeAsync<string>("echo", "sent while away");
        await environment.ControlAsync("release");
        await Arrived(received, ["before", "while away"]);
        Expect.Equal("sent while away", await echo);
        Expect.Equal(before, connection.ConnectionId);
    });
}

RawWebSocketCases.AddTo(cases, Hub);

return await cases.RunAsync(args);

static IHubConnectionBuilder Build(
    Environment environment, string user, HttpTransportType transport, string protocol, string? url = null)
{
    var builder = new HubConnectionBuilder().WithUrl(url ?? environment.ClientUrl(Hub), transport, options =>
        options.AccessTokenProvider = () => Task.FromResult<string?>(environment.ClientToken(Hub, user)));
    return protocol == "messagepack" ? builder.AddMessagePackProtocol() : builder;
}

/// <summary>An argument and result that is an object in both protocols.</summary>
public sealed record Shape(string Text, int[] Numbers);
