using System.Globalization;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>Outputs as people read them.</summary>
internal static class OutputText
{
    public static string Of(TaskOutput output) => output.Kind switch
    {
        OutputKind.Files when output.Paths.Count == 0 => "no files",
        OutputKind.Files when output.Paths.Count == 1 => $"file {output.Paths[0]}",
        OutputKind.Files => string.Create(CultureInfo.InvariantCulture, $"{output.Paths.Count} files, the first {output.Paths[0]}"),
        OutputKind.Table when output.Version is { } version => string.Create(CultureInfo.InvariantCulture, $"table {output.Paths[0]}, version {version}"),
        OutputKind.Table => $"table {output.Paths[0]}",
        OutputKind.Objects => output.Paths.Count == 1 ? $"file {output.Paths[0]}" : $"{output.Paths.Count} files, the first {output.Paths[0]}",
        OutputKind.Postgres => $"PostgreSQL table {output.Paths[0]}",
        _ => $"folder {output.Paths[0]}",
    };
}
