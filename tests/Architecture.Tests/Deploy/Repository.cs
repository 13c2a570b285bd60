using System.Reflection;

namespace Pipeline.Architecture.Tests.Deploy;

/// <summary>The files of the repository.</summary>
internal static class Repository
{
    public static string Root { get; } =
        typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    public static string Full(params string[] path) => Path.Combine([Root, .. path]);

    public static string Read(params string[] path) => File.ReadAllText(Full(path));

    public static bool Has(string path) => File.Exists(Full(path)) || Directory.Exists(Full(path));
}
