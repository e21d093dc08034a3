// A Blazor Server app behind the service, by the official SDK: --service CONNECTION-STRING [--urls URL].
// POST /news pushes its body to every page; /?stateful is the page with stateful reconnect.
using Signalbox.BlazorApp;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders().AddSimpleConsole(options => options.SingleLine = true);
if (builder.Configuration["urls"] is null)
{
    builder.WebHost.UseUrls("http://127.0.0.1:0");
}

builder.WebHost.UseStaticWebAssets();
builder.Services.AddSingleton<News>();
builder.Services.AddRazorComponents().AddInteractiveServerComponents();
builder.Services.AddSignalR().AddAzureSignalR(options =>
{
    options.ConnectionString = builder.Configuration["service"];
    options.InitialHubServerConnectionCount = 2;
    options.AllowStatefulReconnects = true;
    options.ServerStickyMode = Microsoft.Azure.SignalR.ServerStickyMode.Required;
});

var app = builder.Build();
app.UseAntiforgery();
app.MapStaticAssets();
app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
app.MapPost("/news", async (HttpRequest request, News news) =>
    news.Publish(await new StreamReader(request.Body).ReadToEndAsync()));
app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine($"Listening on {app.Urls.Single()}"));
app.Run();

namespace Signalbox.BlazorApp
{
    /// <summary>What the server tells its pages unasked.</summary>
    internal sealed class News
    {
        public event Action<string>? Published;

        public void Publish(string text) => Published?.Invoke(text);
    }
}
