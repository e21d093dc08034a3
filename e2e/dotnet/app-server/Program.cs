// The hub that the client suites run against (contract: ../../support/test-hub.md), in ASP.NET Core: self-hosted, or with
// --service CONNECTION-STRING behind the service by the official SDK.
// Further arguments: --graceful-shutdown MODE, --server-connections N, --sticky MODE, --application NAME, --name TEXT.
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Azure.SignalR;
using Signalbox.AppServer;

const HttpTransportType WithoutWebSockets = HttpTransportType.ServerSentEvents | HttpTransportType.LongPolling;
var builder = WebApplication.CreateBuilder(args);
var configuration = builder.Configuration;
builder.Logging.ClearProviders().AddSimpleConsole(options => options.SingleLine = true);
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(60));
builder.Services.AddSingleton<Journal>();
builder.Services.AddSingleton<Tokens>();
builder.Services.AddSingleton<Gates>();
builder.Services.AddSingleton(new ServerName(configuration["name"] ?? "app server"));
builder.Services.AddTestAuthentication();
builder.Services.AddCors(options => options.AddDefaultPolicy(policy =>
    policy.SetIsOriginAllowed(_ => true).AllowAnyHeader().AllowAnyMethod().AllowCredentials()));

var signalR = builder.Services
    .AddSignalR(options => options.EnableDetailedErrors = true)
    .AddJsonProtocol(options => options.PayloadSerializerOptions.PropertyNamingPolicy = null)
    .AddMessagePackProtocol()
    .AddHubOptions<QuietHub>(options => options.EnableDetailedErrors = false);

if (configuration["service"] is { } connectionString)
{
    signalR.AddAzureSignalR(options =>
    {
        options.ConnectionString = connectionString;
        options.ApplicationName = configuration["application"] ?? "";
        options.InitialHubServerConnectionCount = configuration.GetValue("server-connections", 2);
        options.ServerStickyMode = configuration.GetValue("sticky", ServerStickyMode.Disabled);
        options.GracefulShutdown.Mode = configuration.GetValue("graceful-shutdown", GracefulShutdownMode.Off);
        options.AllowStatefulReconnects = true;
        // The SDK does not look at what the endpoint allows.
        options.TransportTypeDetector = context =>
            context.Request.Path.StartsWithSegments("/nowebsockets") ? WithoutWebSockets : HttpTransports.All;
    });
}

var app = builder.Build();
app.Use((context, next) =>
{
    if (context.Request.Path.Value?.EndsWith("/negotiate") == true)
    {
        context.Response.Cookies.Append("flavour", "oat");
        context.Response.Cookies.Append("colour", "blue");
        context.Response.Cookies.Append("stale", "gone", new() { Expires = DateTimeOffset.UnixEpoch });
    }

    return next(context);
});
app.UseCors();
app.UseAuthentication();
app.UseAuthorization();
app.MapHub<TestHub>("/testhub", options => options.AllowStatefulReconnects = true);
app.MapHub<NoWebSocketsHub>("/nowebsockets", options => options.Transports = WithoutWebSockets);
app.MapHub<AuthorizedHub>("/authorizedhub");
app.MapHub<QuietHub>("/quiethub");
app.MapHub<UncreatableHub>("/uncreatable");
app.MapControlDoors();
app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine($"Listening on {app.Urls.Single()}"));
app.Run();
