using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;

namespace Signalbox.AppServer;

internal sealed record ServerName(string Text);

/// <summary>What the hub heard of each connection, for <c>GET /journal/{connectionId}</c>.</summary>
internal sealed class Journal
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> entries = new();

    public void Add(string connectionId, string entry) => entries.GetOrAdd(connectionId, _ => new()).Enqueue(entry);

    public IReadOnlyCollection<string> Of(string connectionId) =>
        entries.TryGetValue(connectionId, out var own) ? own : [];
}

/// <summary>Gates that one client waits at until another one opens them.</summary>
internal sealed class Gates
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> gates = new();

    public Task Wait(string name) => Gate(name).Task;

    public void Open(string name) => Gate(name).TrySetResult();

    private TaskCompletionSource Gate(string name) =>
        gates.GetOrAdd(name, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}

/// <summary>What a test does to the app other than by a client.</summary>
internal static class ControlDoors
{
    public static void MapControlDoors(this IEndpointRouteBuilder app)
    {
        app.MapPost("/token", (string user, Tokens tokens) => tokens.Issue(user));
        app.MapGet("/journal/{connectionId}", (string connectionId, Journal journal) => journal.Of(connectionId));
        app.MapPost("/send", async (string? user, string? group, string? connection, string text, IHubContext<TestHub> hub) =>
        {
            var receivers =
                user is not null ? hub.Clients.User(user) :
                group is not null ? hub.Clients.Group(group) :
                connection is not null ? hub.Clients.Client(connection) : hub.Clients.All;
            await receivers.SendAsync("message", text);
        });
        app.MapPost("/join", (string group, string connection, IHubContext<TestHub> hub) =>
            hub.Groups.AddToGroupAsync(connection, group));
        app.MapPost("/leave", (string group, string connection, IHubContext<TestHub> hub) =>
            hub.Groups.RemoveFromGroupAsync(connection, group));
        app.MapGet("/ask/{connectionId}", async (string connectionId, string question, int? seconds, IHubContext<TestHub> hub) =>
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds ?? 10));
            try
            {
                return await hub.Clients.Client(connectionId).InvokeAsync<string>("ask", question, limit.Token);
            }
            catch (Exception exception)
            {
                return $"error: {exception.Message}";
            }
        });
    }
}
