using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR.Client;

namespace Signalbox.Harness;

/// <summary>The arguments of a connection's <c>message</c> calls, in the order of arrival.</summary>
public static class Recording
{
    public static ConcurrentQueue<T> Record<T>(HubConnection connection)
    {
        var received = new ConcurrentQueue<T>();
        connection.On<T>("message", received.Enqueue);
        return received;
    }

    /// <summary>Waits until as many have arrived, and expects exactly these.</summary>
    public static async Task Arrived<T>(ConcurrentQueue<T> received, IEnumerable<T> expected)
    {
        var wanted = expected.ToArray();
        try
        {
            await Expect.Eventually(() => Task.FromResult(received.Count >= wanted.Length), "all messages arrived");
        }
        finally
        {
            Expect.Equal(wanted, [.. received]);
        }
    }
}

/// <summary>Reconnects without the usual delays.</summary>
public sealed class Quickly : IRetryPolicy
{
    public TimeSpan? NextRetryDelay(RetryContext retryContext) => TimeSpan.FromMilliseconds(100);
}
