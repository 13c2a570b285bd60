using System.Net;
using Microsoft.Extensions.Configuration;

namespace Pipeline.ServiceDefaults.Access;

/// <summary>Without keys a host listens on loopback only.</summary>
public static class ListeningAddresses
{
    /// <summary>Refuses addresses that others can reach, as configured (<c>--urls</c>, <c>ASPNETCORE_URLS</c>, ports, Kestrel's endpoints), where there is no key.</summary>
    /// <exception cref="TerminalException">There is such an address; the message says what to do.</exception>
    public static void EnsureAllowed(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (AccessOptions.OwnKey(configuration) is not null)
            return;
        foreach (var address in Configured(configuration))
        {
            if (!IsLoopback(address))
                throw Refusal(address);
        }
    }

    /// <summary>What is said where an address is refused.</summary>
    internal static TerminalException Refusal(string address) => new(
        $"{address} can be reached from other machines, and no access key is configured: set Access__Keys__0=KEY (at least {AccessOptions.ShortestKey} characters), "
        + "or listen on http://127.0.0.1:PORT.");

    /// <summary>Whether only this machine reaches the end point.</summary>
    internal static bool IsLoopback(EndPoint endPoint) => endPoint is IPEndPoint ip ? IPAddress.IsLoopback(ip.Address) : endPoint is System.Net.Sockets.UnixDomainSocketEndPoint;

    /// <summary>Whether a name or address is this machine's loopback.</summary>
    internal static bool IsLoopbackHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.AsSpan().Trim("[]"), out var ip) && IPAddress.IsLoopback(ip));

    private static IEnumerable<string> Configured(IConfiguration configuration)
    {
        // The order in which ASP.NET Core takes them: the first kind that is there counts.
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(e => e["Url"]).OfType<string>().ToArray();
        if (endpoints.Length > 0)
            return endpoints;
        if (configuration["urls"] is { Length: > 0 } urls)
            return urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return Ports("http_ports", "http").Concat(Ports("https_ports", "https"));

        IEnumerable<string> Ports(string setting, string scheme) =>
            (configuration[setting] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(port => $"{scheme}://*:{port}");
    }

    private static bool IsLoopback(string address)
    {
        if (address.Contains("://unix:/", StringComparison.OrdinalIgnoreCase) || address.Contains("://pipe:/", StringComparison.OrdinalIgnoreCase))
            return true;

        // A name that is none, such as * and +, means all addresses.
        return Uri.TryCreate(address, UriKind.Absolute, out var url) && IsLoopbackHost(url.Host);
    }
}
