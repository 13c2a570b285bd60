using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine.Api;

/// <summary>The command <c>report</c>: the answers of Analytics as a table.</summary>
internal static class ReportCommand
{
    public static Command Create(Consoles consoles)
    {
        var name = new Argument<string?>("NAME") { Description = "The question; without it, which there are.", DefaultValueFactory = _ => null };
        var with = new Option<string[]>("--with") { Description = "A parameter of the question; may be given again.", HelpName = "NAME=VALUE", AllowMultipleArgumentsPerToken = false };
        with.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) < 1))
                result.AddError($"--with needs NAME=VALUE, not '{token.Value}'.");
        });
        var url = OptionParsing.Url();
        var json = new Option<bool>("--json") { Description = "Print JSON, for scripts." };
        var command = new Command("report", "Answer a question over the orders, such as top-products.") { name, with, url, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(parsed.GetValue(url)!);
            var questions = await api.GetAsync("/analytics", cancellationToken);
            if (parsed.GetValue(name) is not { } wanted)
            {
                if (parsed.GetValue(json))
                    consoles.WriteRaw(questions.GetRawText());
                else
                    consoles.Out.Write(List(questions));
                return ExitCode.Ok;
            }

            var question = questions.EnumerateArray().FirstOrDefault(q => q.GetProperty("Name").GetString() == wanted);
            if (question.ValueKind != JsonValueKind.Object)
                throw new TerminalException($"There is no report '{wanted}'; there are {string.Join(", ", questions.EnumerateArray().Select(q => q.GetProperty("Name").GetString()))}.");
            var rows = await api.GetAsync(question.GetProperty("Path").GetString() + Query(parsed.GetValue(with) ?? []), cancellationToken);
            if (parsed.GetValue(json))
                consoles.WriteRaw(rows.GetRawText());
            else if (rows.GetArrayLength() == 0)
                consoles.Out.WriteLine("No rows: no orders have landed yet, or none fit.");
            else
                consoles.Out.Write(Grids.OfRows(rows));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Table List(JsonElement questions)
    {
        var grid = Grids.Create("report", "what it tells", "--with");
        foreach (var question in questions.EnumerateArray())
        {
            var parameters = question.GetProperty("Parameters").EnumerateArray().Select(p => $"{p.GetProperty("Name").GetString()}: {p.GetProperty("Description").GetString()}");
            grid.AddRow(Grids.Cells(question.GetProperty("Name").GetString()!, question.GetProperty("Description").GetString()!, string.Join("\n", parameters)));
        }

        return grid;
    }

    private static string Query(string[] parameters) => parameters.Length == 0 ? "" : "?" + string.Join('&', parameters.Select(p => p.Split('=', 2)).Select(p => $"{Uri.EscapeDataString(p[0])}={Uri.EscapeDataString(p[1])}"));
}
