using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Access;

/// <summary>The names by which requests may address this host: loopback's, and the configured ones.</summary>
internal sealed class AllowedHosts(IOptions<AccessOptions> options)
{
    private readonly HashSet<string> _names = new(options.Value.Hosts, StringComparer.OrdinalIgnoreCase);

    /// <summary>The text that was allowed last: the next request's is the same one nearly always.</summary>
    private string? _last;

    /// <summary>The name without its port.</summary>
    public static string NameOf(HostString host) => host.HasValue ? host.Host : "a name";

    /// <summary>Whether requests may address this host so. HTTP/1.0 has no name; browsers do not speak it.</summary>
    public bool Allows(HostString host)
    {
        if (host.Value is not { Length: > 0 } text || text == _last)
            return true;
        if (!ListeningAddresses.IsLoopbackHost(host.Host) && !_names.Contains(host.Host))
            return false;
        _last = text;
        return true;
    }

    /// <summary>Whether a page of that origin is this host's own: of the same name and port as the request, or of a configured name.</summary>
    public bool IsOwnOrigin(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        && (IsSame(url, host) || _names.Contains(url.Host));

    private static bool IsSame(Uri origin, HostString host) =>
        host.HasValue && origin.Host.Trim('[', ']').Equals(host.Host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase)
        && origin.Port == (host.Port ?? (origin.Scheme == "https" ? 443 : 80));
}
