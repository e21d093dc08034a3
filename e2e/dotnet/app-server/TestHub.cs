using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace Signalbox.AppServer;

/// <summary>Something of every kind that the protocols must carry.</summary>
public sealed record Parcel(string Text, long Number, double Ratio, bool Flag, string? Nothing, int[] Numbers, byte[] Bytes, DateTime Time);

/// <summary>The contract, method by method, is in ../../support/test-hub.md.</summary>
internal class TestHub(Journal journal, Gates gates, ServerName server) : Hub
{
    /// <summary>How long the hub waits for a client that it expects to stay silent.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    public override async Task OnConnectedAsync()
    {
        var query = Context.GetHttpContext()!.Request.Query;
        if (query["refuse"] is [{ } reason])
        {
            throw new HubException(reason);
        }

        journal.Add(Context.ConnectionId, "connected");
        if (query["greet"] is [{ } greeting])
        {
            await Clients.Caller.SendAsync("message", greeting);
        }
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        journal.Add(Context.ConnectionId, exception is null ? "disconnected" : $"disconnected: {exception.Message}");
        return Task.CompletedTask;
    }

    // Calls

    public object? Echo(object? value) => value;

    public int Add(int first, int second) => first + second;

    public Task Nothing() => Task.CompletedTask;

    public Parcel EchoParcel(Parcel parcel) => parcel;

    public Task SendParcel(Parcel parcel) => Clients.Caller.SendAsync("message", parcel);

    public void Refuse(string text) => throw new HubException(text);

    public void Crash(string text) => throw new InvalidOperationException(text);

    public Task Wait(string gate) => gates.Wait(gate);

    public void Open(string gate) => gates.Open(gate);

    [Authorize(Roles = "admin")]
    public string AdminOnly() => "welcome";

    // Who and where

    public string ConnectionId() => Context.ConnectionId;

    public string? UserId() => Context.UserIdentifier;

    public string[] Teams() => [.. Context.User!.FindAll("team").Select(claim => claim.Value)];

    public string? QueryValue(string name) => Context.GetHttpContext()!.Request.Query[name];

    public string? Header(string name) => Context.GetHttpContext()!.Request.Headers[name];

    public string? RemoteAddress() => Context.GetHttpContext()!.Connection.RemoteIpAddress?.ToString();

    public string Server() => server.Text;

    public int NextNumber()
    {
        var number = (int)(Context.Items["number"] ?? 0) + 1;
        Context.Items["number"] = number;
        return number;
    }

    public void Abort() => Context.Abort();

    // Sends

    public Task SendToAll(string text) => Clients.All.SendAsync("message", text);

    public Task SendToAllExcept(string[] connectionIds, string text) => Clients.AllExcept(connectionIds).SendAsync("message", text);

    public Task SendToCaller(string text) => Clients.Caller.SendAsync("message", text);

    public Task SendToOthers(string text) => Clients.Others.SendAsync("message", text);

    public Task SendToClient(string connectionId, string text) => Clients.Client(connectionId).SendAsync("message", text);

    public Task SendToClients(string[] connectionIds, string text) => Clients.Clients(connectionIds).SendAsync("message", text);

    public Task SendToUser(string user, string text) => Clients.User(user).SendAsync("message", text);

    public Task SendToUsers(string[] users, string text) => Clients.Users(users).SendAsync("message", text);

    public Task SendToGroup(string group, string text) => Clients.Group(group).SendAsync("message", text);

    public Task SendToGroups(string[] groups, string text) => Clients.Groups(groups).SendAsync("message", text);

    public Task SendToGroupExcept(string group, string[] connectionIds, string text) =>
        Clients.GroupExcept(group, connectionIds).SendAsync("message", text);

    public Task SendToOthersInGroup(string group, string text) => Clients.OthersInGroup(group).SendAsync("message", text);

    public Task Join(string group) => Groups.AddToGroupAsync(Context.ConnectionId, group);

    public Task Leave(string group) => Groups.RemoveFromGroupAsync(Context.ConnectionId, group);

    /// <summary>A burst to the caller: the numbers from 1.</summary>
    public async Task SendNumbers(int count)
    {
        for (var number = 1; number <= count; number++)
        {
            await Clients.Caller.SendAsync("message", number);
        }
    }

    /// <summary>The same behind the call, when the hub itself may be gone.</summary>
    public void SendNumbersLater(int count)
    {
        var caller = Clients.Caller;
        _ = Task.Run(async () =>
        {
            for (var number = 1; number <= count; number++)
            {
                await caller.SendAsync("message", number);
                await Task.Yield();
            }
        });
    }

    /// <summary>In another letter case than the clients register.</summary>
    public Task SendShouting(string text) => Clients.Caller.SendAsync("MESSAGE", text);

    // Streams from the server

    public async IAsyncEnumerable<int> Count(int count)
    {
        for (var number = 1; number <= count; number++)
        {
            await Task.Yield();
            yield return number;
        }
    }

    public ChannelReader<string> Letters()
    {
        var channel = Channel.CreateUnbounded<string>();
        foreach (var letter in new[] { "a", "b", "c" })
        {
            channel.Writer.TryWrite(letter);
        }

        channel.Writer.Complete();
        return channel.Reader;
    }

    public IAsyncEnumerable<int> RefuseToStream(string text) => throw new HubException(text);

    public async IAsyncEnumerable<int> FailAfter(int count, string text)
    {
        await foreach (var number in Count(count))
        {
            yield return number;
        }

        throw new HubException(text);
    }

    /// <summary>Ends by the client's cancellation only, and then tells the caller.</summary>
    public async IAsyncEnumerable<int> Forever([EnumeratorCancellation] CancellationToken cancellation)
    {
        var caller = Clients.Caller;
        try
        {
            for (var number = 1; ; number++)
            {
                yield return number;
                await Task.Delay(5, cancellation);
            }
        }
        finally
        {
            await caller.SendAsync("message", "the stream was cancelled", CancellationToken.None);
        }
    }

    // Streams from the client

    public async Task<string> Concat(IAsyncEnumerable<string> parts)
    {
        var text = "";
        await foreach (var part in parts)
        {
            text += part;
        }

        return text;
    }

    /// <summary>The first stream's sum times the factor, and the second stream's.</summary>
    public async Task<int[]> Sums(ChannelReader<int> first, int factor, IAsyncEnumerable<int> second)
    {
        var (firstSum, secondSum) = (0, 0);
        await foreach (var number in first.ReadAllAsync())
        {
            firstSum += number;
        }

        await foreach (var number in second)
        {
            secondSum += number;
        }

        return [firstSum * factor, secondSum * factor];
    }

    public async IAsyncEnumerable<int> Doubled(IAsyncEnumerable<int> numbers)
    {
        await foreach (var number in numbers)
        {
            yield return number * 2;
        }
    }

    /// <summary>Tells the caller what ended the upload.</summary>
    public async Task<string> EndOf(IAsyncEnumerable<int> numbers)
    {
        try
        {
            await foreach (var _ in numbers)
            {
            }

            return "complete";
        }
        catch (Exception exception)
        {
            return exception.Message;
        }
    }

    // Client results

    public Task<string> AskCaller(string question) => Clients.Caller.InvokeAsync<string>("ask", question, CancellationToken.None);

    public Task<string> AskClient(string connectionId, string question) =>
        Clients.Client(connectionId).InvokeAsync<string>("ask", question, CancellationToken.None);

    /// <summary>What went wrong with asking, without the wrapping of an invocation's error.</summary>
    public async Task<string> ErrorOfAsking(string connectionId, string question)
    {
        try
        {
            return await AskClient(connectionId, question);
        }
        catch (Exception exception)
        {
            return $"error: {exception.Message}";
        }
    }

    /// <summary>Asks in a way that the client does not answer, and loses patience.</summary>
    public async Task<string> AskInVain()
    {
        using var impatience = new CancellationTokenSource(Patience);
        try
        {
            return await Clients.Caller.InvokeAsync<string>("never", impatience.Token);
        }
        catch (OperationCanceledException)
        {
            return "cancelled";
        }
        catch (HubException exception) when (impatience.IsCancellationRequested)
        {
            return $"cancelled: {exception.Message}";
        }
    }
}

/// <summary>The same hub where clients may not use WebSockets.</summary>
internal sealed class NoWebSocketsHub(Journal journal, Gates gates, ServerName server) : TestHub(journal, gates, server);

/// <summary>For users with a token only.</summary>
[Authorize(AuthenticationSchemes = TokenAuthentication.Name)]
internal sealed class AuthorizedHub : Hub
{
    public string? UserId() => Context.UserIdentifier;
}

/// <summary>Keeps the details of its errors to itself.</summary>
internal sealed class QuietHub : Hub
{
    public void Crash(string text) => throw new InvalidOperationException(text);

    public void Refuse(string text) => throw new HubException(text);
}

/// <summary>Cannot be made.</summary>
internal sealed class UncreatableHub : Hub
{
    public UncreatableHub() => throw new InvalidOperationException("this hub cannot be made");
}
