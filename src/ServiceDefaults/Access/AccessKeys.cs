using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Access;

/// <summary>Checks keys and tickets in constant time. A ticket stands for a key in a browser's cookie: it ends by itself, or when the key is taken away, and does not tell the key.</summary>
internal sealed class AccessKeys
{
    private const int NonceBytes = 16;
    private const string TicketPurpose = "Pipeline console ticket 1";

    private readonly byte[][] _hashes;
    private readonly byte[][] _ticketKeys;
    private readonly TimeSpan _lifetime;
    private readonly TimeProvider _time;

    public AccessKeys(IOptions<AccessOptions> options, TimeProvider time)
    {
        _time = time;
        _lifetime = options.Value.TicketLifetime;
        _hashes = [.. options.Value.Keys.Select(Hash)];
        _ticketKeys = [.. options.Value.Keys.Select(k => HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(k), SHA256.HashSizeInBytes, info: Encoding.UTF8.GetBytes(TicketPurpose)))];
    }

    /// <summary>Whether there are keys at all.</summary>
    public bool Any => _hashes.Length > 0;

    /// <summary>How long a ticket is good.</summary>
    public TimeSpan TicketLifetime => _lifetime;

    /// <summary>Whether the text is one of the keys.</summary>
    public bool IsKey(string? text) => text is not null && IndexOf(text) >= 0;

    /// <summary>A ticket for a key; null where the text is none.</summary>
    public string? IssueTicket(string? key)
    {
        if (key is null || IndexOf(key) is not (>= 0 and var index))
            return null;
        var ends = (_time.GetUtcNow() + _lifetime).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var body = $"{ends}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NonceBytes))}";
        return $"{body}.{Convert.ToHexStringLower(Sign(_ticketKeys[index], body))}";
    }

    /// <summary>Whether the text is a ticket of one of the keys that has not ended.</summary>
    public bool IsTicket(string? text)
    {
        if (text is null || text.LastIndexOf('.') is not (> 0 and var at) || text.Length - at - 1 != 2 * SHA256.HashSizeInBytes)
            return false;
        var body = text[..at];
        var signature = Encoding.ASCII.GetBytes(text[(at + 1)..]);
        var valid = false;
        foreach (var key in _ticketKeys)
            valid |= CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Sign(key, body))), signature);
        return valid && long.TryParse(body.AsSpan(0, body.IndexOf('.')), NumberStyles.None, CultureInfo.InvariantCulture, out var ends)
            && ends > _time.GetUtcNow().ToUnixTimeSeconds();
    }

    private int IndexOf(string text)
    {
        // Hashes are of one length, and all are compared: neither length nor place of the key shows in the time it takes.
        var hash = Hash(text);
        var found = -1;
        for (var i = 0; i < _hashes.Length; i++)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, _hashes[i]))
                found = i;
        }

        return found;
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static byte[] Sign(byte[] key, string body) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(body));
}
