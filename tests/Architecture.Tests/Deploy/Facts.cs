using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Pipeline.Hosting;
using Pipeline.Workers.CommandLine;

namespace Pipeline.Architecture.Tests.Deploy;

/// <summary>What the programs read, map and understand: what deployed files are held against.</summary>
internal static partial class Facts
{
    /// <summary>Settings of the framework and of libraries that hosts are given.</summary>
    private static readonly string[] _foreign =
        ["ASPNETCORE_HTTP_PORTS", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"];

    private static readonly Lazy<Dictionary<string, Type>> _sections = new(FindSections);
    private static readonly Lazy<HashSet<string>> _connections = new(FindConnections);
    private static readonly Lazy<(HashSet<string> Api, HashSet<string> Workers)> _routes = new(() => (RoutesOf(a => a.MapPipeline()), RoutesOf(a => a.MapStatus())));

    public static HashSet<string> ApiRoutes => _routes.Value.Api;

    public static HashSet<string> WorkerRoutes => _routes.Value.Workers;

    public static IReadOnlySet<string> Connections => _connections.Value;

    /// <summary>Why a program does not read this variable, or not this value; null where it does. Values with references are not looked at.</summary>
    public static string? FaultOf(string name, string? value)
    {
        if (_foreign.Contains(name))
            return null;
        var path = name.Split("__");
        if (path is ["ConnectionStrings", var connection])
            return _connections.Value.Contains(connection) ? null : $"{name}: the program reads {string.Join(", ", _connections.Value)}";
        for (var length = path.Length - 1; length > 0; length--)
        {
            if (_sections.Value.TryGetValue(string.Join(':', path[..length]), out var options))
                return FaultOf(options, name, path[length..], value);
        }

        return $"{name}: there is no such section; there are {string.Join(", ", _sections.Value.Keys)}";
    }

    /// <summary>Why the workers' command line does not take these arguments; null where it does.</summary>
    public static string? FaultOf(IEnumerable<string> arguments)
    {
        var consoles = new Consoles(TextWriter.Null, TextWriter.Null);
        var parsed = WorkersCommandLine.Create((_, _) => Task.FromResult(0), consoles, TimeProvider.System).Parse([.. arguments]);
        return parsed.Errors.Count == 0 ? null : $"{string.Join(' ', arguments)}: {parsed.Errors[0].Message}";
    }

    /// <summary>Whether a value is a reference to what is not in the file.</summary>
    public static bool IsReference(string? value) => value is not null && Reference().IsMatch(value);

    public static bool IsSecret(string name) =>
        name.StartsWith("ConnectionStrings__", StringComparison.Ordinal) || SecretName().IsMatch(name);

    private static string? FaultOf(Type options, string name, string[] path, string? value)
    {
        var type = options;
        foreach (var part in path)
        {
            if (int.TryParse(part, out _) && type.IsGenericType)
            {
                type = type.GetGenericArguments()[0];
                continue;
            }

            if (type.GetProperty(part, BindingFlags.Instance | BindingFlags.Public | BindingFlags.IgnoreCase) is not { } property)
                return $"{name}: {options.Name} has no {part}";
            type = property.PropertyType;
        }

        if (value is null || IsReference(value))
            return null;
        try
        {
            var section = new ConfigurationBuilder().AddInMemoryCollection([new("It:" + string.Join(':', path), value)]).Build().GetSection("It");
            section.Get(options, binder => binder.ErrorOnUnknownConfiguration = true);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return $"{name}: {e.Message}";
        }
    }

    private static Dictionary<string, Type> FindSections() =>
        (from assembly in Assemblies()
         from type in assembly.GetTypes()
         where type.Name.EndsWith("Options", StringComparison.Ordinal)
         let section = type.GetField("Section", BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue() as string
         where section is not null
         select (section, type)).ToDictionary(s => s.section, s => s.type);

    /// <summary>By convention the constants whose name is that of a connection's name.</summary>
    private static HashSet<string> FindConnections() =>
        [.. from assembly in Assemblies()
            from type in assembly.GetTypes()
            from field in type.GetFields(BindingFlags.Public | BindingFlags.Static)
            where field.IsLiteral && (field.Name.EndsWith("ConnectionName", StringComparison.Ordinal) || field.Name == "ConnectionStringName")
            select (string)field.GetRawConstantValue()!];

    private static IEnumerable<Assembly> Assemblies() =>
        Directory.EnumerateFiles(AppContext.BaseDirectory, "Pipeline.*.dll").Where(f => !f.EndsWith(".Tests.dll", StringComparison.Ordinal))
            .Select(f => Assembly.Load(Path.GetFileNameWithoutExtension(f)));

    private static HashSet<string> RoutesOf(Action<WebApplication> map)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["ConnectionStrings:warehouse"] = "Host=127.0.0.1;Port=1";
        builder.Configuration["ConnectionStrings:lake"] = Path.GetTempPath();
        builder.AddPipeline("facts");
        using var app = builder.Build();
        map(app);
        return [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().Select(e => "/" + e.RoutePattern.RawText!.TrimStart('/'))];
    }

    [GeneratedRegex(@"\$\{[A-Z_]+(:?[-?][^}]*)?\}")]
    private static partial Regex Reference();

    [GeneratedRegex("(?i)(password|secret|accesskey|keys__)")]
    private static partial Regex SecretName();
}
