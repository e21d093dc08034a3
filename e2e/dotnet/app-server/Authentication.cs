using System.Collections.Concurrent;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Signalbox.AppServer;

/// <summary>The tokens handed out by <c>POST /token</c>, with their users.</summary>
internal sealed class Tokens
{
    private readonly ConcurrentDictionary<string, string> users = new();

    public string Issue(string user)
    {
        var token = Guid.NewGuid().ToString("N");
        users[token] = user;
        return token;
    }

    public string? UserOf(string token) => users.GetValueOrDefault(token);
}

/// <summary>Believes the query: <c>user</c>, and any number of <c>role</c> and <c>team</c>.</summary>
internal sealed class QueryAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Name = "Query";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var query = Request.Query;
        if (query["user"] is not [{ } user])
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        var identity = new ClaimsIdentity([new(ClaimTypes.NameIdentifier, user)], Name);
        identity.AddClaims(query["role"].Select(role => new Claim(ClaimTypes.Role, role!)));
        identity.AddClaims(query["team"].Select(team => new Claim("team", team!)));
        return Task.FromResult(AuthenticateResult.Success(new(new(identity), Name)));
    }
}

/// <summary>Asks for a token of <c>POST /token</c>, in the header or, as browsers must, in the query.</summary>
internal sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, Tokens tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Name = "Token";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        var token = header.StartsWith("Bearer ") ? header["Bearer ".Length..] : Request.Query["access_token"].ToString();
        return Task.FromResult(tokens.UserOf(token) is { } user
            ? AuthenticateResult.Success(new(new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, user)], Name)), Name))
            : AuthenticateResult.NoResult());
    }
}

internal static class TestAuthenticationExtensions
{
    public static void AddTestAuthentication(this IServiceCollection services)
    {
        services.AddAuthorization();
        services
            .AddAuthentication(QueryAuthentication.Name)
            .AddScheme<AuthenticationSchemeOptions, QueryAuthentication>(QueryAuthentication.Name, null)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Name, null);
    }
}
