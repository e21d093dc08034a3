// The .NET Management SDK, by REST (transient) and over a service connection (persistent), and .NET clients that connect with what it negotiates, against a running Signalbox.
using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Azure.SignalR;
using Microsoft.Azure.SignalR.Management;
using Microsoft.Extensions.DependencyInjection;
using Signalbox.Harness;
using Environment = Signalbox.Harness.Environment;

var cases = new Cases();

// Only REST translates for the clients of another protocol.
(ServiceTransportType Transport, bool WithMessagePack)[] ways =
[
    (ServiceTransportType.Transient, false),
    (ServiceTransportType.Transient, true),
    (ServiceTransportType.Persistent, true),
];

foreach (var (transport, withMessagePack) in ways)
{
    void Add(string name, Func<Stage, Task> run) =>
        cases.Add($"{transport}: {name}, {(withMessagePack ? "bodies for both protocols" : "JSON bodies")}", async environment =>
        {
            await using var stage = await Stage.SetAsync(environment, transport, withMessagePack);
            await run(stage);
        });

    Add("sends to all, and to all except some", async stage =>
    {
        await stage.Hub.Clients.All.SendAsync("message", "all");
        await stage.Hub.Clients.AllExcept(stage.Ann.ConnectionId).SendAsync("message", "except");
        await stage.ExpectAsync(ann: ["all"], bob: ["all", "except"]);
    });

    Add("sends to a user and to users", async stage =>
    {
        await stage.Hub.Clients.User(stage.Ann.UserId).SendAsync("message", "one");
        await stage.Hub.Clients.Users(stage.Ann.UserId, stage.Bob.UserId).SendAsync("message", "both");
        await stage.ExpectAsync(ann: ["one", "both"], bob: ["both"]);
    });

    Add("sends to a connection and to connections", async stage =>
    {
        await stage.Hub.Clients.Client(stage.Bob.ConnectionId).SendAsync("message", "one");
        await stage.Hub.Clients.Clients([stage.Ann.ConnectionId, stage.Bob.ConnectionId]).SendAsync("message", "both");
        await stage.ExpectAsync(ann: ["both"], bob: ["one", "both"]);
    });

    Add("sends to groups of connections, with exceptions", async stage =>
    {
        await stage.Hub.Groups.AddToGroupAsync(stage.Ann.ConnectionId, "readers");
        await stage.Hub.Groups.AddToGroupAsync(stage.Bob.ConnectionId, "readers");
        await stage.Hub.Groups.AddToGroupAsync(stage.Bob.ConnectionId, "write/ers & more");
        await stage.Hub.Clients.Group("readers").SendAsync("message", "readers");
        await stage.Hub.Clients.GroupExcept("readers", stage.Ann.ConnectionId).SendAsync("message", "except");
        await stage.Hub.Clients.Groups("readers", "write/ers & more").SendAsync("message", "groups");
        await stage.ExpectAsync(ann: ["readers", "groups"], bob: ["readers", "except", "groups", "groups"]);
    });

    Add("takes connections out of groups", async stage =>
    {
        await stage.Hub.Groups.AddToGroupAsync(stage.Ann.ConnectionId, "readers");
        await stage.Hub.Groups.AddToGroupAsync(stage.Bob.ConnectionId, "readers");
        await stage.Hub.Groups.RemoveFromGroupAsync(stage.Ann.ConnectionId, "readers");
        await stage.Hub.Groups.RemoveFromGroupAsync(stage.Ann.ConnectionId, "readers");
        await stage.Hub.Clients.Group("readers").SendAsync("message", "bob");
        await stage.Hub.Groups.RemoveFromAllGroupsAsync(stage.Bob.ConnectionId);
        await stage.Hub.Groups.RemoveFromAllGroupsAsync(stage.Bob.ConnectionId);
        await stage.Hub.Clients.Group("readers").SendAsync("message", "nobody");
        await stage.Hub.Clients.All.SendAsync("message", "all");
        await stage.ExpectAsync(ann: ["all"], bob: ["bob", "all"]);
    });

    Add("lets a user's membership end after its time", async stage =>
    {
        await stage.Hub.UserGroups.AddToGroupAsync(stage.Ann.UserId, "visitors", TimeSpan.FromSeconds(5));
        await stage.Hub.Clients.Group("visitors").SendAsync("message", "in time");
        await Expect.Eventually(async () => !await stage.Hub.UserGroups.IsUserInGroup(stage.Ann.UserId, "visitors"), "the membership is over");
        await stage.Hub.Clients.Group("visitors").SendAsync("message", "too late");
        await stage.Hub.Clients.All.SendAsync("message", "all");
        await stage.ExpectAsync(ann: ["in time", "all"], bob: ["all"]);
    });

    Add("sends to nobody when told so", async stage =>
    {
        await stage.Hub.Clients.Users([]).SendAsync("message", "lost");
        await stage.Hub.Clients.Clients([]).SendAsync("message", "lost");
        await stage.Hub.Clients.Groups([]).SendAsync("message", "lost");
        await stage.Hub.UserGroups.AddToGroupAsync("nobody", "team");
        await stage.Hub.UserGroups.AddToGroupAsync("nobody", "team", TimeSpan.FromSeconds(1));
        await stage.Hub.UserGroups.AddToGroupAsync("nobody", "team", TimeSpan.Zero);
        await stage.Hub.UserGroups.RemoveFromGroupAsync("nobody", "team");
        await stage.Hub.UserGroups.RemoveFromAllGroupsAsync("nobody");
        await stage.Hub.Clients.All.SendAsync("message", "all");
        await stage.ExpectAsync(ann: ["all"], bob: ["all"]);
    });

    Add("keeps users in groups", async stage =>
    {
        Expect.Equal(false, await stage.Hub.UserGroups.IsUserInGroup(stage.Ann.UserId, "team"));
        await stage.Hub.UserGroups.AddToGroupAsync(stage.Ann.UserId, "team");
        await stage.Hub.UserGroups.AddToGroupAsync(stage.Bob.UserId, "team", TimeSpan.FromMinutes(5));
        Expect.Equal(true, await stage.Hub.UserGroups.IsUserInGroup(stage.Ann.UserId, "team"));
        Expect.Equal(false, await stage.Hub.UserGroups.IsUserInGroup(stage.Ann.UserId, "another team"));
        await stage.Hub.Clients.Group("team").SendAsync("message", "team");
        await stage.Hub.UserGroups.RemoveFromGroupAsync(stage.Ann.UserId, "team");
        Expect.Equal(false, await stage.Hub.UserGroups.IsUserInGroup(stage.Ann.UserId, "team"));
        await stage.Hub.UserGroups.AddToGroupAsync(stage.Bob.UserId, "another team");
        await stage.Hub.Clients.Groups("team", "another team").SendAsync("message", "bob");
        await stage.Hub.UserGroups.RemoveFromAllGroupsAsync(stage.Bob.UserId);
        await stage.Hub.UserGroups.RemoveFromAllGroupsAsync(stage.Bob.UserId);
        await stage.Hub.Clients.Groups("team", "another team").SendAsync("message", "nobody");
        await stage.Hub.Clients.All.SendAsync("message", "all");
        await stage.ExpectAsync(ann: ["team", "all"], bob: ["team", "bob", "bob", "all"]);
    });
}

foreach (var transport in new[] { ServiceTransportType.Transient, ServiceTransportType.Persistent })
{
    cases.Add($"{transport}: answers whether connections, users and groups exist", async environment =>
    {
        await using var stage = await Stage.SetAsync(environment, transport);
        await stage.Hub.Groups.AddToGroupAsync(stage.Ann.ConnectionId, "readers");
        Expect.Equal(true, await stage.Hub.ClientManager.ConnectionExistsAsync(stage.Ann.ConnectionId));
        Expect.Equal(true, await stage.Hub.ClientManager.UserExistsAsync(stage.Ann.UserId));
        Expect.Equal(true, await stage.Hub.ClientManager.GroupExistsAsync("readers"));
        Expect.Equal(false, await stage.Hub.ClientManager.ConnectionExistsAsync("nobody"));
        Expect.Equal(false, await stage.Hub.ClientManager.UserExistsAsync("nobody"));
        Expect.Equal(false, await stage.Hub.ClientManager.GroupExistsAsync("nobody"));
    });

    cases.Add($"{transport}: answers that a connection, its user and its group do not exist once it is closed", async environment =>
    {
        await using var stage = await Stage.SetAsync(environment, transport);
        var (id, manager) = (stage.Ann.ConnectionId, stage.Hub.ClientManager);
        await stage.Hub.Groups.AddToGroupAsync(id, "readers");
        Expect.Equal(true, await manager.UserExistsAsync(stage.Ann.UserId));
        Expect.Equal(true, await manager.GroupExistsAsync("readers"));
        await stage.Ann.Connection.StopAsync();
        await Expect.Eventually(async () => !await manager.ConnectionExistsAsync(id), "the connection is gone");
        Expect.Equal(false, await manager.UserExistsAsync(stage.Ann.UserId));
        Expect.Equal(false, await manager.GroupExistsAsync("readers"));
    });

    cases.Add($"{transport}: is quiet about connections that are gone", async environment =>
    {
        await using var stage = await Stage.SetAsync(environment, transport);
        await stage.Hub.Groups.AddToGroupAsync("nobody", "readers");
        await stage.Hub.Groups.RemoveFromGroupAsync("nobody", "readers");
        await stage.Hub.Groups.RemoveFromAllGroupsAsync("nobody");
        await stage.Hub.ClientManager.CloseConnectionAsync("nobody", "why not");
        await stage.Hub.Clients.Client("nobody").SendAsync("message", "lost");
        await stage.Hub.Clients.All.SendAsync("message", "all");
        await stage.ExpectAsync(ann: ["all"], bob: ["all"]);
    });

    cases.Add($"{transport}: closes a connection with a reason", async environment =>
    {
        await using var stage = await Stage.SetAsync(environment, transport);
        // The client forgets its id when it is closed.
        var id = stage.Ann.ConnectionId;
        await stage.Hub.ClientManager.CloseConnectionAsync(id, "maintenance: grüße");
        Expect.Contains("maintenance: grüße", (await stage.Ann.Closed)?.Message);
        await Expect.Eventually(async () => !await stage.Hub.ClientManager.ConnectionExistsAsync(id), "the connection is gone");
    });

    cases.Add($"{transport}: closes a diagnostic client that gets detailed errors with a reason", async environment =>
    {
        await using var stage = await Stage.SetAsync(environment, transport);
        var client = await Client.ConnectAsync(
            stage.Hub, "cid", messagePack: false, new() { UserId = "cid", EnableDetailedErrors = true, IsDiagnosticClient = true });
        await stage.Hub.ClientManager.CloseConnectionAsync(client.ConnectionId, "maintenance");
        Expect.Contains("maintenance", (await client.Closed)?.Message);
    });

    cases.Add($"{transport}: works with an application name", async environment =>
    {
        await using var stage = await Stage.SetAsync(environment, transport, application: "shop");
        await using var other = await Stage.SetAsync(environment, transport, hub: stage.Name);
        await stage.Hub.Groups.AddToGroupAsync(stage.Bob.ConnectionId, "readers");
        await stage.Hub.Clients.All.SendAsync("message", "all");
        await stage.Hub.Clients.Group("readers").SendAsync("message", "readers");
        await stage.ExpectAsync(ann: ["all"], bob: ["all", "readers"]);
        await other.ExpectAsync(ann: [], bob: []);
    });

    cases.Add($"{transport}: takes an empty application name for none", async environment =>
    {
        await using var stage = await Stage.SetAsync(environment, transport, application: "");
        await using var same = await Stage.SetAsync(environment, transport, hub: stage.Name);
        await stage.Hub.Clients.All.SendAsync("message", "all");
        await stage.ExpectAsync(ann: ["all"], bob: ["all"]);
        await same.ExpectAsync(ann: ["all"], bob: ["all"]);
    });

    cases.Add($"{transport}: leaves other hub contexts alone when one ends", async environment =>
    {
        await using var stage = await Stage.SetAsync(environment, transport);
        var another = await stage.AnotherContextAsync();
        await another.Clients.All.SendAsync("message", "from another");
        await stage.ExpectAsync(ann: ["from another"], bob: ["from another"]);
        await another.DisposeAsync();
        await stage.Hub.Clients.All.SendAsync("message", "all");
        await stage.ExpectAsync(ann: ["from another", "all"], bob: ["from another", "all"]);
    });
}

cases.Add("Persistent: works with message tracing", async environment =>
{
    // The option is not public.
    var tracing = typeof(ServiceManagerOptions).GetProperty("EnableMessageTracing", BindingFlags.Instance | BindingFlags.NonPublic)!;
    await using var stage = await Stage.SetAsync(
        environment, ServiceTransportType.Persistent, configure: options => tracing.SetValue(options, true));
    await stage.Hub.Groups.AddToGroupAsync(stage.Ann.ConnectionId, "readers");
    await stage.Hub.UserGroups.AddToGroupAsync(stage.Bob.UserId, "team");
    await stage.Hub.Clients.Groups("readers", "team").SendAsync("message", "groups");
    await stage.Hub.Clients.Users(stage.Ann.UserId, stage.Bob.UserId).SendAsync("message", "users");
    await stage.Hub.Clients.Clients([stage.Ann.ConnectionId, stage.Bob.ConnectionId]).SendAsync("message", "connections");
    Expect.Equal(true, await stage.Hub.ClientManager.GroupExistsAsync("team"));
    await stage.ExpectAsync(ann: ["groups", "users", "connections"], bob: ["groups", "users", "connections"]);
});

cases.Add("Persistent: sends to the endpoints that it is told, and to no others", async environment =>
{
    var another = await environment.ControlAsync("another");
    await using var stage = await Stage.SetAsync(environment, ServiceTransportType.Persistent, configure: options =>
    {
        options.ConnectionString = null;
        options.ServiceEndpoints = [new(environment.ConnectionString, name: "first"), new(another, name: "second")];
    });
    var endpoints = stage.Hub.GetServiceEndpoints().ToDictionary(endpoint => endpoint.Name);
    ServiceHubContext At(string name) => stage.Hub.WithEndpoints([endpoints[name]]);
    var first = await Client.ConnectAsync(At("first"), "cid", messagePack: false);
    var second = await Client.ConnectAsync(At("second"), "dan", messagePack: false);
    await At("first").Clients.All.SendAsync("message", "first");
    await At("second").Clients.All.SendAsync("message", "second");
    await stage.Hub.Clients.All.SendAsync("message", "both");
    await Expect.Eventually(() => Task.FromResult(first.Received.Count >= 2 && second.Received.Count >= 2), "both have heard");
    Expect.Equal("first, both", string.Join(", ", first.Received));
    Expect.Equal("second, both", string.Join(", ", second.Received));
    await first.Connection.DisposeAsync();
    await second.Connection.DisposeAsync();
});

cases.Add("Persistent: negotiates with the endpoint that is there", async environment =>
{
    await using var stage = await Stage.SetAsync(environment, ServiceTransportType.Persistent, configure: options =>
    {
        // Nobody listens at these ports.
        var away = Enumerable.Range(1, 3).Select(port => new ServiceEndpoint($"Endpoint=http://127.0.0.1;Port={port};AccessKey={new string('k', 44)};Version=1.0;"));
        options.ServiceEndpoints = [.. away];
    });
    for (var i = 0; i < 5; i++)
    {
        var negotiated = await stage.Hub.NegotiateAsync(new());
        Expect.Equal($"{environment.Endpoint}/client/?hub={stage.Name.ToLowerInvariant()}", negotiated.Url);
    }
});

cases.Add("finds the service healthy", async environment =>
{
    using var manager = Stage.Manager(environment, ServiceTransportType.Transient, withMessagePack: false, application: null);
    Expect.Equal(true, await manager.IsServiceHealthy(default));
});

return await cases.RunAsync(args);

/// <summary>A hub of its own with two clients: ann speaks JSON, bob MessagePack.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private readonly ServiceManager manager;

    private Stage(string name, ServiceManager manager, ServiceHubContext hub, Client ann, Client bob) =>
        (Name, this.manager, Hub, Ann, Bob) = (name, manager, hub, ann, bob);

    public string Name { get; }

    public ServiceHubContext Hub { get; }

    public Client Ann { get; }

    public Client Bob { get; }

    public static async Task<Stage> SetAsync(
        Environment environment,
        ServiceTransportType transport,
        bool withMessagePack = true,
        string? application = null,
        string? hub = null,
        Action<ServiceManagerOptions>? configure = null)
    {
        var name = hub ?? $"Stage{Guid.NewGuid():N}";
        var manager = Manager(environment, transport, withMessagePack, application, configure);
        var context = await manager.CreateHubContextAsync(name, default);
        var ann = await Client.ConnectAsync(context, $"ann+{name}", messagePack: false);
        var bob = await Client.ConnectAsync(context, $"bob/{name}", messagePack: true);
        return new(name, manager, context, ann, bob);
    }

    /// <summary>A further context of the same hub.</summary>
    public Task<ServiceHubContext> AnotherContextAsync() => manager.CreateHubContextAsync(Name, default);

    public static ServiceManager Manager(
        Environment environment,
        ServiceTransportType transport,
        bool withMessagePack,
        string? application,
        Action<ServiceManagerOptions>? configure = null)
    {
        var builder = new ServiceManagerBuilder().WithOptions(options =>
        {
            options.ConnectionString = environment.ConnectionString;
            options.ServiceTransportType = transport;
            options.ApplicationName = application;
            configure?.Invoke(options);
        });
        if (withMessagePack)
        {
            builder.AddHubProtocol(new MessagePackHubProtocol());
        }

        return builder.BuildServiceManager();
    }

    /// <summary>Waits until both clients have received exactly this.</summary>
    public async Task ExpectAsync(string[] ann, string[] bob)
    {
        await Expect.Eventually(
            () => Task.FromResult(Ann.Received.Count >= ann.Length && Bob.Received.Count >= bob.Length), "all messages arrived");
        Expect.Equal(ann, [.. Ann.Received]);
        Expect.Equal(bob, [.. Bob.Received]);
    }

    public async ValueTask DisposeAsync()
    {
        await Ann.Connection.DisposeAsync();
        await Bob.Connection.DisposeAsync();
        await Hub.DisposeAsync();
        manager.Dispose();
    }
}

/// <summary>A client that went through negotiation by the SDK.</summary>
internal sealed class Client
{
    private readonly TaskCompletionSource<Exception?> closed = new();

    private Client(string userId, HubConnection connection)
    {
        (UserId, Connection) = (userId, connection);
        connection.On<string>("message", Received.Enqueue);
        connection.Closed += error => Task.FromResult(closed.TrySetResult(error));
    }

    public string UserId { get; }

    public HubConnection Connection { get; }

    public string ConnectionId => Connection.ConnectionId!;

    public ConcurrentQueue<string> Received { get; } = new();

    public Task<Exception?> Closed => closed.Task;

    public static async Task<Client> ConnectAsync(
        ServiceHubContext hub, string userId, bool messagePack, NegotiationOptions? negotiation = null)
    {
        var negotiated = await hub.NegotiateAsync(negotiation ?? new() { UserId = userId });
        var builder = new HubConnectionBuilder().WithUrl(negotiated.Url!, options =>
            options.AccessTokenProvider = () => Task.FromResult(negotiated.AccessToken));
        var client = new Client(userId, (messagePack ? builder.AddMessagePackProtocol() : builder).Build());
        await client.Connection.StartAsync();
        return client;
    }
}
