using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Access;

/// <summary>Who may come in; section <c>Access</c>. Without keys the host listens on loopback only.</summary>
public sealed class AccessOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Access";

    /// <summary>The fewest characters of a key.</summary>
    public const int ShortestKey = 16;

    /// <summary>
    /// The keys that open every route, as <c>Authorization: Bearer KEY</c> or <c>X-Api-Key: KEY</c>; several, so that one can be replaced by another without a gap.
    /// At least 16 visible ASCII characters each; the first is what this program itself sends with. Never logged.
    /// </summary>
    public IList<string> Keys { get; } = [];

    /// <summary>Further names by which requests may address this host: needed behind a proxy. Loopback names always may.</summary>
    public IList<string> Hosts { get; } = [];

    /// <summary>How long a browser stays logged in. Default 12 h.</summary>
    public TimeSpan TicketLifetime { get; set; } = TimeSpan.FromHours(12);

    /// <summary>The key that this program sends with to a Pipeline: the first one configured; null where there is none.</summary>
    public static string? OwnKey(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration.GetSection($"{Section}:{nameof(Keys)}").Get<string[]>()?.FirstOrDefault(k => !string.IsNullOrEmpty(k));
    }

    /// <summary>The same from the environment alone, for commands that have no other configuration.</summary>
    public static string? OwnKey() => OwnKey(new ConfigurationBuilder().AddEnvironmentVariables().Build());
}

/// <summary>Finds everything that is wrong with the settings at once, before the host starts. Keys are named by their place.</summary>
internal sealed class AccessOptionsValidator : IValidateOptions<AccessOptions>
{
    public ValidateOptionsResult Validate(string? name, AccessOptions options)
    {
        var failures = new List<string>();
        for (var i = 0; i < options.Keys.Count; i++)
        {
            var key = options.Keys[i];
            if (key is null || key.Length < AccessOptions.ShortestKey || !key.All(c => c is > ' ' and < (char)0x7F))
                failures.Add($"{AccessOptions.Section}:{nameof(options.Keys)}:{i} must have at least {AccessOptions.ShortestKey} visible ASCII characters.");
        }

        foreach (var host in options.Hosts)
        {
            if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
                failures.Add($"{AccessOptions.Section}:{nameof(options.Hosts)} must be host names without port; one is {host}.");
        }

        if (options.TicketLifetime < TimeSpan.FromMinutes(1) || options.TicketLifetime > TimeSpan.FromDays(90))
            failures.Add($"{AccessOptions.Section}:{nameof(options.TicketLifetime)} must be from 1 minute to 90 days; it is {options.TicketLifetime}.");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
