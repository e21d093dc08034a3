using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Signalbox.Harness;
using Environment = Signalbox.Harness.Environment;

/// <summary>.NET's own <see cref="ClientWebSocket"/>, which speaks no SignalR.</summary>
internal static class RawWebSocketCases
{
    public static void AddTo(Cases cases, string hub)
    {
        cases.Add("ClientWebSocket gets its subprotocol and first message, and its messages back in their kind", async environment =>
        {
            using var socket = await ConnectAsync(environment, hub, "User%20abc");
            Expect.Equal("protocol1", socket.SubProtocol);
            Expect.Equal("User abc", JsonDocument.Parse((await ReceiveAsync(socket)).Text).RootElement.GetProperty("user").GetString());
            await socket.SendAsync(Encoding.UTF8.GetBytes("grüße 🎉"), WebSocketMessageType.Text, true, default);
            await socket.SendAsync(new byte[] { 0, 255 }, WebSocketMessageType.Binary, false, default);
            await socket.SendAsync(new byte[70_000], WebSocketMessageType.Binary, true, default);
            Expect.Equal("grüße 🎉", (await ReceiveAsync(socket)).Text);
            var (type, bytes, _) = await ReceiveAsync(socket);
            Expect.Equal("Binary 70002", $"{type} {bytes.Length}");
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default);
            Expect.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        });

        cases.Add("ClientWebSocket is refused with the app's status", async environment =>
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            await Expect.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(UriOf(environment, hub, ""), default));
            Expect.Equal(HttpStatusCode.Unauthorized, socket.HttpStatusCode);
        });

        cases.Add("ClientWebSocket is closed with the reason", async environment =>
        {
            using var socket = await ConnectAsync(environment, hub, "ann");
            var id = JsonDocument.Parse((await ReceiveAsync(socket)).Text).RootElement.GetProperty("connection").GetString();
            await environment.RestAsync(HttpMethod.Delete, hub, $"/connections/{id}?reason=maintenance");
            Expect.Equal(WebSocketMessageType.Close, (await ReceiveAsync(socket)).Type);
            Expect.Equal("NormalClosure maintenance", $"{socket.CloseStatus} {socket.CloseStatusDescription}");
        });
    }

    private static Uri UriOf(Environment environment, string hub, string query) =>
        new($"{environment.Endpoint.Replace("http", "ws")}/ws/client/hubs/{hub}/{query}");

    private static async Task<ClientWebSocket> ConnectAsync(Environment environment, string hub, string name)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("protocol1");
        socket.Options.AddSubProtocol("protocol2");
        await socket.ConnectAsync(UriOf(environment, hub, $"?name={name}"), default);
        return socket;
    }

    private static async Task<(WebSocketMessageType Type, byte[] Bytes, string Text)> ReceiveAsync(ClientWebSocket socket)
    {
        using var message = new MemoryStream();
        var buffer = new byte[4096];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer, default);
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                return (part.MessageType, message.ToArray(), Encoding.UTF8.GetString(message.ToArray()));
            }
        }
    }
}
