using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;

namespace Pipeline.Workflows.Application;

/// <summary>
/// Fills in what settings leave open: <c>${env:NAME}</c> and <c>${config:Key}</c>, which are taken for secrets; <c>${param:name}</c>, a parameter of the run;
/// <c>${run:id}</c>, <c>${run:workflow}</c> and <c>${run:logical_date}</c>, the latter also with a format as in <c>${run:logical_date:yyyy-MM-dd}</c>.
/// <c>${each:key}</c> is left to the source whose requests it is of. <c>$${</c> is a literal <c>${</c>.
/// </summary>
internal sealed class Templates(IConfiguration configuration)
{
    private const string Open = "${";

    /// <summary>The settings with all templates filled in, and what of it is secret.</summary>
    /// <exception cref="TerminalException">A template names something that is not there; the message names the template, never a value.</exception>
    public FilledSettings Fill(JsonObject settings, RunFacts run)
    {
        var secrets = new HashSet<string>(StringComparer.Ordinal);
        return new FilledSettings((JsonObject)Fill(settings, run, secrets)!, new Redactor(secrets));
    }

    /// <summary>The templates of a text that no run could fill in, as sentences; what depends on the environment is not looked at.</summary>
    public static IEnumerable<string> Check(string text, IReadOnlyCollection<string> parameters)
    {
        foreach (var part in Parts(text))
        {
            if (part.Template is not { } template)
                continue;
            var (kind, name, format) = Split(template);
            var fault = kind switch
            {
                _ when part.Unclosed => $"'{Open}{template}' has no closing brace.",
                "env" or "config" or "each" => name.Length == 0 ? $"{Open}{template}}} names nothing." : null,
                "param" => parameters.Contains(name) ? null : $"{Open}{template}}}: the workflow has no parameter '{name}'.",
                "run" => name is "id" or "workflow" or "logical_date" && (format is null || name == "logical_date") ? null : $"{Open}{template}}}: a run has id, workflow and logical_date.",
                _ => $"{Open}{template}}} is of no known kind: env, config, param, run, each.",
            };
            if (fault is not null)
                yield return fault;
        }
    }

    private static IEnumerable<(string Text, string? Template, bool Unclosed)> Parts(string text)
    {
        var at = 0;
        while (text.IndexOf(Open, at, StringComparison.Ordinal) is var open and >= 0)
        {
            if (open > at && text[open - 1] == '$')
            {
                yield return (text[at..(open - 1)] + Open, null, false);
                at = open + Open.Length;
                continue;
            }

            if (open > at)
                yield return (text[at..open], null, false);
            var close = text.IndexOf('}', open);
            if (close < 0)
            {
                yield return ("", text[(open + Open.Length)..], true);
                yield break;
            }

            yield return ("", text[(open + Open.Length)..close], false);
            at = close + 1;
        }

        if (at < text.Length)
            yield return (text[at..], null, false);
    }

    private static (string Kind, string Name, string? Format) Split(string template)
    {
        var kind = template.IndexOf(':', StringComparison.Ordinal);
        if (kind < 0)
            return (template, "", null);
        var name = template[(kind + 1)..];

        // A key of the configuration has colons of its own.
        var format = template.StartsWith("run:", StringComparison.Ordinal) ? name.IndexOf(':', StringComparison.Ordinal) : -1;
        return format < 0 ? (template[..kind], name, null) : (template[..kind], name[..format], name[(format + 1)..]);
    }

    private JsonNode? Fill(JsonNode? node, RunFacts run, HashSet<string> secrets) => node switch
    {
        JsonObject map => new JsonObject(map.Select(p => KeyValuePair.Create(p.Key, Fill(p.Value, run, secrets)))),
        JsonArray list => new JsonArray([.. list.Select(item => Fill(item, run, secrets))]),
        JsonValue value when value.TryGetValue<string>(out var text) => JsonValue.Create(Fill(text, run, secrets)),
        _ => node?.DeepClone(),
    };

    private string Fill(string text, RunFacts run, HashSet<string> secrets)
    {
        if (!text.Contains(Open, StringComparison.Ordinal))
            return text;
        var filled = new StringBuilder();
        foreach (var (literal, template, unclosed) in Parts(text))
        {
            if (unclosed)
                throw new TerminalException($"'{Open}{template}' has no closing brace.");
            filled.Append(template is null ? literal : Value(template, run, secrets));
        }

        return filled.ToString();
    }

    private string Value(string template, RunFacts run, HashSet<string> secrets)
    {
        var (kind, name, format) = Split(template);
        switch (kind)
        {
            case "env":
                return Secret(Environment.GetEnvironmentVariable(name), $"the environment variable {name} is not set");
            case "config":
                return Secret(configuration[name], $"the configuration has no value for {name}");
            case "param":
                return run.Parameters.TryGetValue(name, out var value) ? value : throw new TerminalException($"{Open}{template}}}: the run has no parameter '{name}'.");
            case "each":
                // The source fills it in, once for each of its requests.
                return $"{Open}{template}}}";
            case "run" when name == "id":
                return run.Id.ToString(CultureInfo.InvariantCulture);
            case "run" when name == "workflow":
                return run.Workflow;
            case "run" when name == "logical_date":
                return run.LogicalDate.UtcDateTime.ToString(format ?? "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            default:
                throw new TerminalException($"{Open}{template}}} is of no known kind: env, config, param, run, each.");
        }

        string Secret(string? value, string missing)
        {
            if (string.IsNullOrEmpty(value))
                throw new TerminalException($"{Open}{template}}}: {missing}.");
            secrets.Add(value);
            return value;
        }
    }
}

/// <summary>What templates can ask of a run.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Workflow">The workflow's name.</param>
/// <param name="LogicalDate">The slot that it is for.</param>
/// <param name="Parameters">Its parameters, by name.</param>
internal sealed record RunFacts(long Id, string Workflow, DateTimeOffset LogicalDate, IReadOnlyDictionary<string, string> Parameters);

/// <summary>Settings with nothing left open.</summary>
/// <param name="Settings">The settings; may hold secrets.</param>
/// <param name="Redactor">Blackens these secrets.</param>
internal sealed record FilledSettings(JsonObject Settings, Redactor Redactor);

/// <summary>Blackens secrets in texts that people read: logs, errors, records of runs.</summary>
internal sealed class Redactor(IReadOnlyCollection<string> secrets)
{
    private const string Black = "***";
    private const int Shortest = 4;

    // The longest first, as one may hold another; also as they look in a URL.
    // What is shorter than four characters would blacken half of a log and hide nothing.
    private readonly string[] _secrets = [.. secrets.Where(s => s.Length >= Shortest).SelectMany(s => new[] { s, Uri.EscapeDataString(s) }).Distinct(StringComparer.Ordinal).OrderByDescending(s => s.Length)];

    /// <summary>A redactor that knows no secret.</summary>
    public static Redactor None { get; } = new([]);

    /// <summary>The text without secrets.</summary>
    public string Redact(string text)
    {
        foreach (var secret in _secrets)
            text = text.Replace(secret, Black, StringComparison.Ordinal);
        return text;
    }
}
