using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Postgres.Migrations;

/// <summary>The migrations of one module, as embedded in its assembly.</summary>
internal sealed partial class MigrationSource
{
    /// <summary>Reads them from an assembly.</summary>
    /// <exception cref="TerminalException">There are none, a number is missing or used twice, or a file name does not fit.</exception>
    public MigrationSource(string module, Assembly assembly)
        : this(module, Read(module, assembly))
    {
    }

    /// <summary>Takes file names and statements from wherever they are.</summary>
    public MigrationSource(string module, IEnumerable<(string FileName, string Sql)> files)
    {
        Module = module;
        Migrations = [.. files.Select(f => Parse(module, f.FileName, f.Sql)).OrderBy(m => m.Number)];
        if (Migrations.Count == 0)
            throw new TerminalException($"Module {module} has no migrations: embed Migrations/0001_name.sql, ... in its assembly.");
        for (var i = 0; i < Migrations.Count; i++)
        {
            if (i > 0 && Migrations[i].Number == Migrations[i - 1].Number)
                throw new TerminalException($"Module {module} has two migrations {i:D4}: {Migrations[i - 1].Name} and {Migrations[i].Name}.");
            if (Migrations[i].Number != i + 1)
                throw new TerminalException($"Module {module} has no migration {i + 1:D4}, but {Migrations[i].Number:D4}_{Migrations[i].Name}.");
        }
    }

    public string Module { get; }

    public IReadOnlyList<Migration> Migrations { get; }

    private static IEnumerable<(string FileName, string Sql)> Read(string module, Assembly assembly)
    {
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            var match = ResourcePattern().Match(resource);
            if (!match.Success)
                continue;
            using var stream = assembly.GetManifestResourceStream(resource)
                ?? throw new TerminalException($"Module {module}: the resource {resource} cannot be read.");
            using var reader = new StreamReader(stream, Encoding.UTF8);
            yield return (match.Groups[1].Value, reader.ReadToEnd());
        }
    }

    private static Migration Parse(string module, string fileName, string text)
    {
        var match = FilePattern().Match(fileName);
        if (!match.Success)
            throw new TerminalException($"Module {module}: the migration {fileName} is not named like 0001_create_table.sql.");
        var sql = text.ReplaceLineEndings("\n");
        var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
        return new Migration(int.Parse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture), match.Groups[2].Value, sql, checksum);
    }

    [GeneratedRegex(@"(?:^|\.)Migrations\.([^.]+\.sql)$", RegexOptions.CultureInvariant)]
    private static partial Regex ResourcePattern();

    [GeneratedRegex(@"^(\d{4})_([a-z0-9_]+)\.sql$", RegexOptions.CultureInvariant)]
    private static partial Regex FilePattern();
}
