// The .NET client against the hub of ../../support/test-hub.md, whoever hosts it. The connection string names as Endpoint where clients negotiate.
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Signalbox.Harness;
using static Signalbox.Harness.Recording;
using Environment = Signalbox.Harness.Environment;

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
    void Add(string name, Func<HubConnection, Environment, Task> run) =>
        cases.Add($"{name}, over {transport} with {protocol}", async environment =>
        {
            await using var connection = Build(environment, "user=ann&team=red&team=blue").Build();
            await run(connection, environment);
        });

    IHubConnectionBuilder Build(Environment environment, string query = "", string path = "/testhub", Func<Task<string?>>? token = null)
    {
        var builder = new HubConnectionBuilder().WithUrl($"{environment.Endpoint}{path}?{query}", transport, options =>
        {
            options.AccessTokenProvider = token;
            options.Headers["X-Custom"] = "mine";
        });
        return protocol == "messagepack" ? builder.AddMessagePackProtocol() : builder.AddJsonProtocol(options =>
            options.PayloadSerializerOptions.PropertyNamingPolicy = null);
    }

    Add("invokes methods with and without results", async (connection, _) =>
    {
        await connection.StartAsync();
        Expect.Equal("grüße 🎉", await connection.InvokeAsync<string>("Echo", "grüße 🎉"));
        Expect.Equal(42, await connection.InvokeAsync<int>("Add", 40, 2));
        await connection.InvokeAsync("Nothing");
        foreach (var number in new[] { 0, -1, 1L << 53, long.MaxValue, long.MinValue })
        {
            Expect.Equal(number, await connection.InvokeAsync<long>("Echo", number));
        }
    });

    Add("carries an object of its own type in both directions", async (connection, _) =>
    {
        var received = Record<Parcel>(connection);
        var parcel = new Parcel("grüße", 1L << 52, 0.25, true, null, [1, 2, 3], [1, 2, 255], new(2026, 2, 3, 4, 5, 6, 789, DateTimeKind.Utc));
        await connection.StartAsync();
        Expect.Equal(parcel, await connection.InvokeAsync<Parcel>("EchoParcel", parcel));
        await connection.InvokeAsync("SendParcel", parcel);
        await Arrived(received, [parcel]);
    });

    Add("gets the errors of methods", async (connection, _) =>
    {
        await connection.StartAsync();
        Expect.Contains("HubException: not today", (await Expect.ThrowsAsync<HubException>(() => connection.InvokeAsync("Refuse", "not today"))).Message);
        Expect.Contains("disk full", (await Expect.ThrowsAsync<HubException>(() => connection.InvokeAsync("Crash", "disk full"))).Message);
        await Expect.ThrowsAsync<HubException>(() => connection.InvokeAsync("Missing"));
        Expect.Contains("unauthorized", (await Expect.ThrowsAsync<HubException>(() => connection.InvokeAsync("AdminOnly"))).Message);
    });

    Add("is known to the hub", async (connection, _) =>
    {
        await connection.StartAsync();
        Expect.Equal(connection.ConnectionId, await connection.InvokeAsync<string>("ConnectionId"));
        Expect.Equal("ann", await connection.InvokeAsync<string?>("UserId"));
        Expect.Equal(["red", "blue"], await connection.InvokeAsync<string[]>("Teams"));
        Expect.Equal("ann", await connection.InvokeAsync<string?>("QueryValue", "user"));
        Expect.Equal("mine", await connection.InvokeAsync<string?>("Header", "X-Custom"));
        Expect.Contains("127.0.0.1", await connection.InvokeAsync<string?>("RemoteAddress"));
    });

    Add("receives what is meant for it, in order", async (connection, environment) =>
    {
        await using var other = Build(environment, "user=bob").Build();
        var received = Record<string>(connection);
        await connection.StartAsync();
        await other.StartAsync();
        var group = Guid.NewGuid().ToString();
        await connection.InvokeAsync("Join", group);
        await other.InvokeAsync("SendToUser", "ann", "user");
        await other.InvokeAsync("SendToGroup", group, "group");
        await other.InvokeAsync("SendToClient", connection.ConnectionId, "connection");
        await other.InvokeAsync("SendToCaller", "not for others");
        await other.InvokeAsync("SendToAllExcept", new[] { connection.ConnectionId }, "not for this one");
        await connection.InvokeAsync("Leave", group);
        await other.InvokeAsync("SendToGroup", group, "left");
        await other.InvokeAsync("SendToOthers", "others");
        await Arrived(received, ["user", "group", "connection", "others"]);
    });

    Add("receives a burst in order", async (connection, _) =>
    {
        var received = Record<int>(connection);
        await connection.StartAsync();
        await connection.SendAsync("SendNumbers", 1_000);
        await Arrived(received, Enumerable.Range(1, 1_000));
    });

    Add("reads streams, and their errors", async (connection, _) =>
    {
        await connection.StartAsync();
        Expect.Equal(Enumerable.Range(1, 100), await Collect(connection.StreamAsync<int>("Count", 100)));
        Expect.Equal(["a", "b", "c"], await Collect((await connection.StreamAsChannelAsync<string>("Letters")).ReadAllAsync()));
        var error = await Expect.ThrowsAsync<HubException>(() => Collect(connection.StreamAsync<int>("FailAfter", 2, "out of numbers")));
        Expect.Contains("HubException: out of numbers", error.Message);
    });

    Add("cancels a stream", async (connection, _) =>
    {
        var received = Record<string>(connection);
        using var cancellation = new CancellationTokenSource();
        await connection.StartAsync();
        await Expect.ThrowsAsync<OperationCanceledException>(async () =>
        {
            await foreach (var number in connection.StreamAsync<int>("Forever", cancellation.Token))
            {
                if (number == 5)
                {
                    cancellation.Cancel();
                }
            }
        });
        await Arrived(received, ["the stream was cancelled"]);
    });

    Add("sends streams", async (connection, _) =>
    {
        await connection.StartAsync();
        Expect.Equal("Hello wörld", await connection.InvokeAsync<string>("Concat", Items("Hello", " ", "wörld")));
        var parts = Channel.CreateUnbounded<string>();
        var joined = connection.InvokeAsync<string>("Concat", parts.Reader);
        for (var part = 0; part < 100; part++)
        {
            await parts.Writer.WriteAsync("x");
        }

        parts.Writer.Complete();
        Expect.Equal(new string('x', 100), await joined);
        Expect.Contains("the disk is gone", await connection.InvokeAsync<string>("EndOf", Failing("the disk is gone")));
    });

    Add("streams both ways", async (connection, _) =>
    {
        await connection.StartAsync();
        Expect.Equal([2, 4, 6], await Collect(connection.StreamAsync<int>("Doubled", Items(1, 2, 3))));
    });

    Add("answers the hub's questions", async (connection, environment) =>
    {
        connection.On("ask", (string question) => Task.FromResult($"{question}? yes!"));
        await connection.StartAsync();
        Expect.Equal("you? yes!", await connection.InvokeAsync<string>("AskCaller", "you"));
        await using var other = Build(environment).Build();
        await other.StartAsync();
        Expect.Equal("ready? yes!", await other.InvokeAsync<string>("AskClient", connection.ConnectionId, "ready"));
        Expect.Contains("error: ", await connection.InvokeAsync<string>("ErrorOfAsking", other.ConnectionId, "silent"));
    });

    Add("is closed by the hub without an error", async (connection, _) =>
    {
        var closed = new TaskCompletionSource<Exception?>();
        connection.Closed += error => Task.FromResult(closed.TrySetResult(error));
        await connection.StartAsync();
        await connection.SendAsync("Abort");
        Expect.Equal(null, (await closed.Task)?.Message);
    });

    Add("needs a token where the hub asks for one", async (_, environment) =>
    {
        var token = await environment.ControlAsync("token");
        await using var with = Build(environment, path: "/authorizedhub", token: () => Task.FromResult<string?>(token)).Build();
        await with.StartAsync();
        Expect.Equal("ann", await with.InvokeAsync<string>("UserId"));
        await using var without = Build(environment, path: "/authorizedhub").Build();
        Expect.Contains("401", (await Expect.ThrowsAsync<HttpRequestException>(() => without.StartAsync())).Message);
    });

    if (transport == HttpTransportType.LongPolling)
    {
        // HttpClient repeats a poll that broke by itself: there is nothing to reconnect for.
        continue;
    }

    cases.Add($"reconnects by itself when the network breaks, over {transport} with {protocol}", async environment =>
    {
        await using var connection = Build(environment).WithAutomaticReconnect(new Quickly()).Build();
        var reconnected = new TaskCompletionSource<string?>();
        connection.Reconnected += id => Task.FromResult(reconnected.TrySetResult(id));
        await connection.StartAsync();
        var before = connection.ConnectionId;
        await environment.ControlAsync("cut");
        await environment.ControlAsync("release");
        var after = await reconnected.Task;
        Expect.Equal(false, before == after);
        Expect.Equal(after, await connection.InvokeAsync<string>("ConnectionId"));
    });

    if (transport != HttpTransportType.WebSockets)
    {
        continue;
    }

    cases.Add($"loses nothing when its socket breaks under stateful reconnect, with {protocol}", async environment =>
    {
        await using var connection = Build(environment).WithStatefulReconnect().Build();
        var received = Record<string>(connection);
        await connection.StartAsync();
        var before = connection.ConnectionId;
        await connection.InvokeAsync("SendToCaller", "before");
        await environment.ControlAsync("cut");
        var answers = new[] { "one", "two", "three" }.Select(text => connection.InvokeAsync("SendToCaller", text)).ToArray();
        await environment.ControlAsync("release");
        await Task.WhenAll(answers);
        await Arrived(received, ["before", "one", "two", "three"]);
        Expect.Equal(before, await connection.InvokeAsync<string>("ConnectionId"));
    });
}

return await cases.RunAsync(args);

static async Task<IEnumerable<T>> Collect<T>(IAsyncEnumerable<T> stream)
{
    var items = new List<T>();
    await foreach (var item in stream)
    {
        items.Add(item);
    }

    return items;
}

static async IAsyncEnumerable<T> Items<T>(params T[] items)
{
    foreach (var item in items)
    {
        await Task.Yield();
        yield return item;
    }
}

static async IAsyncEnumerable<int> Failing(string text)
{
    await Task.Yield();
    yield return 1;
    throw new InvalidOperationException(text);
}

/// <summary>Something of every kind that the protocols must carry.</summary>
public sealed record Parcel(string Text, long Number, double Ratio, bool Flag, string? Nothing, int[] Numbers, byte[] Bytes, DateTime Time);
