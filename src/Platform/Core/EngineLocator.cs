using System.Reflection;
using System.Runtime.InteropServices;

namespace Pipeline;

/// <summary>
/// Finds the native engines that the build restored from npm: libduckdb and the PostgreSQL distribution of this platform.
/// </summary>
/// <remarks>
/// Searched in this order: the folder in the environment variable <c>PIPELINE_ENGINES</c>, the folder <c>engines</c> beside the program
/// (a published build), the folder that the build restored to. Each holds a <c>node_modules</c> tree.
/// </remarks>
public static class EngineLocator
{
    /// <summary>The environment variable that overrides where the engines are.</summary>
    public const string Variable = "PIPELINE_ENGINES";

    /// <summary>The absolute path of libduckdb for this platform.</summary>
    /// <exception cref="TerminalException">No searched folder holds it.</exception>
    public static string DuckDbLibrary()
    {
        var name = OperatingSystem.IsWindows() ? "duckdb.dll" : OperatingSystem.IsMacOS() ? "libduckdb.dylib" : "libduckdb.so";
        return Find($"@duckdb/node-bindings-{DuckDbPlatform()}/{name}", "libduckdb");
    }

    /// <summary>
    /// The absolute path of the <c>native</c> folder of the PostgreSQL distribution: it holds <c>bin</c>, <c>lib</c>, <c>share</c> and
    /// <c>pg-symlinks.json</c>, the list of library links that npm cannot carry.
    /// </summary>
    /// <exception cref="TerminalException">No searched folder holds it.</exception>
    public static string PostgresDirectory() =>
        Path.GetDirectoryName(Find($"@embedded-postgres/{PostgresPlatform()}/native/pg-symlinks.json", "PostgreSQL"))!;

    private static string DuckDbPlatform()
    {
        var os = OperatingSystem.IsWindows() ? "win32" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
        var arch = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        var musl = OperatingSystem.IsLinux() && RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "-musl" : "";
        return $"{os}-{arch}{musl}";
    }

    private static string PostgresPlatform()
    {
        var os = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
        var arch = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.Arm64 => "arm64",
            Architecture.Arm => "arm",
            Architecture.Ppc64le => "ppc64",
            Architecture.X86 => "ia32",
            _ => "x64",
        };
        return $"{os}-{arch}";
    }

    private static string Find(string relative, string engine)
    {
        var roots = new List<string>(3);
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } fromEnvironment)
            roots.Add(Path.GetFullPath(fromEnvironment));
        roots.Add(Path.Combine(AppContext.BaseDirectory, "engines"));
        var built = typeof(EngineLocator).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == "EnginesDirectory")?.Value;
        if (!string.IsNullOrEmpty(built))
            roots.Add(built);

        foreach (var root in roots)
        {
            var candidate = Path.Combine(root, "node_modules", relative);
            if (File.Exists(candidate))
                return candidate;
        }

        throw new TerminalException(
            $"{engine} was not found under {string.Join(", ", roots)}: build once with npm on the PATH, or set {Variable} to a folder whose node_modules holds {relative}.");
    }
}
