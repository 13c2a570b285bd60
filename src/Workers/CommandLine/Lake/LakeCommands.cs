using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Lake;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine.Lake;

/// <summary>The commands <c>lake ...</c>: what is in the lake, read where it lies; no other program needs to run.</summary>
internal static class LakeCommands
{
    private const string Variable = "ConnectionStrings__lake";

    public static Command Create(Consoles consoles, TimeProvider time) => new("lake", "Look into the tables of the lake.")
    {
        Tables(consoles, time),
        Show(consoles, time),
        History(consoles, time),
        Vacuum(consoles, time),
        Query(consoles),
    };

    private static Command Query(Consoles consoles)
    {
        var (lake, json) = (LakeOption(), JsonOption());
        var sql = new Argument<string>("SQL") { Description = "A SELECT of DuckDB, such as \"SELECT count(*) FROM raw.purchased_items\"." };
        var limit = new Option<int>("--limit") { Description = "Rows at most.", HelpName = "N", DefaultValueFactory = _ => 100 }.Within(1, OfflineHost.MaxRows);
        var command = new Command("sql", "Run a SELECT over the lake; raw.purchased_items, or lake('raw/purchased_items'), is a table.") { sql, limit, lake, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var result = await OfflineHost.RunSqlAsync(Location(parsed.GetValue(lake)), parsed.GetValue(sql)!, parsed.GetValue(limit), cancellationToken);
            if (parsed.GetValue(json))
                consoles.WriteRaw(SqlRowsJson.Write(result));
            else if (result.Rows.Count == 0)
                consoles.Out.WriteLine("No rows.");
            else
                consoles.Out.Write(Grids.OfRows(result));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Tables(Consoles consoles, TimeProvider time)
    {
        var (lake, json) = (LakeOption(), JsonOption());
        var prefix = new Argument<string>("PREFIX") { Description = "Only tables below this path.", DefaultValueFactory = _ => "" };
        var command = new Command("tables", "List the tables with their rows and sizes.") { prefix, lake, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var catalog = Open(parsed.GetValue(lake), time);
            var tables = new List<TableSummary>();
            await foreach (var path in catalog.ListTablesAsync(parsed.GetValue(prefix)!, cancellationToken))
            {
                if (await catalog.Table(path).TrySnapshotAsync(cancellationToken) is { } snapshot)
                    tables.Add(TableSummary.Of(snapshot));
            }

            if (parsed.GetValue(json))
            {
                consoles.WriteJson(tables, LakeJson.Default.ListTableSummary);
                return ExitCode.Ok;
            }

            if (tables.Count == 0)
            {
                consoles.Out.WriteLine($"No tables in {catalog.Store.Location}. A run of a workflow or purchases that land make some.");
                return ExitCode.Ok;
            }

            var grid = Grids.Create("table", "version", "rows", "files", "size", "changed");
            foreach (var table in tables)
                grid.AddRow(Grids.Cells(table.Path, Text(table.Version), Text(table.Rows), Text(table.Files), Grids.Size(table.Bytes), Grids.Moment(table.Changed)));
            consoles.Out.Write(grid);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show(Consoles consoles, TimeProvider time)
    {
        var (table, lake, json) = (TableArgument(), LakeOption(), JsonOption());
        var version = new Option<long?>("--version") { Description = "A version of before; by default the newest.", HelpName = "N" };
        var command = new Command("show", "Show a table: columns, partitions, rows, files.") { table, version, lake, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var catalog = Open(parsed.GetValue(lake), time);
            var found = catalog.Table(parsed.GetValue(table)!);
            var snapshot = parsed.GetValue(version) is { } wanted ? await found.SnapshotAsync(wanted, cancellationToken) : await found.SnapshotAsync(cancellationToken);
            var details = TableDetails.Of(snapshot);
            if (parsed.GetValue(json))
            {
                consoles.WriteJson(details, LakeJson.Default.TableDetails);
                return ExitCode.Ok;
            }

            consoles.Out.WriteLine($"{details.Table.Path}, version {Text(details.Table.Version)} of {Grids.Moment(details.Table.Changed)}");
            consoles.Out.WriteLine($"{Text(details.Table.Rows)} rows in {Text(details.Table.Files)} files, {Grids.Size(details.Table.Bytes)}"
                + (details.PartitionedBy.Count == 0 ? "" : $", partitioned by {string.Join(", ", details.PartitionedBy)}"));
            var grid = Grids.Create("column", "type", "null");
            foreach (var column in details.Columns)
                grid.AddRow(Grids.Cells(column.Name, column.Type, column.Nullable ? "yes" : "no"));
            consoles.Out.Write(grid);
            foreach (var (name, value) in details.Properties)
                consoles.Out.WriteLine($"{name} = {value}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command History(Consoles consoles, TimeProvider time)
    {
        var (table, lake, json) = (TableArgument(), LakeOption(), JsonOption());
        var limit = new Option<int>("--limit") { Description = "Versions at most.", HelpName = "N", DefaultValueFactory = _ => 20 }.Within(1, 100_000);
        var command = new Command("history", "List the versions of a table, newest first.") { table, limit, lake, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var catalog = Open(parsed.GetValue(lake), time);
            var history = await catalog.Table(parsed.GetValue(table)!).HistoryAsync(parsed.GetValue(limit), cancellationToken);
            if (parsed.GetValue(json))
            {
                consoles.WriteJson([.. history], LakeJson.Default.ListDeltaHistoryEntry);
                return ExitCode.Ok;
            }

            var grid = Grids.Create("version", "when", "operation", "what came of it");
            foreach (var entry in history)
                grid.AddRow(Grids.Cells(Text(entry.Version), Grids.Moment(entry.Timestamp), entry.Operation ?? "", string.Join(", ", entry.Metrics.Select(m => $"{m.Key} {m.Value}"))));
            consoles.Out.Write(grid);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Vacuum(Consoles consoles, TimeProvider time)
    {
        var (table, lake, json) = (TableArgument(), LakeOption(), JsonOption());
        var retain = new Option<TimeSpan?>("--retain")
        {
            Description = "How long files stay after they left the table, such as 30d or 12h; by default what the table says.",
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (OptionParsing.Time(result.Tokens[0].Value) is { } given)
                    return given;
                result.AddError($"--retain needs a time such as 12h or 30d, not '{result.Tokens[0].Value}'.");
                return null;
            },
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Delete nothing; tell what would be." };
        var force = new Option<bool>("--force") { Description = "Allow a time shorter than the table's: readers of older versions lose their files." };
        var command = new Command("vacuum", "Delete files that no version within the retention names.") { table, retain, dryRun, force, lake, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var catalog = Open(parsed.GetValue(lake), time);
            var vacuum = new DeltaVacuum { Retention = parsed.GetValue(retain), AllowShortRetention = parsed.GetValue(force), DryRun = parsed.GetValue(dryRun) };
            var work = catalog.Table(parsed.GetValue(table)!).VacuumAsync(vacuum, cancellationToken).AsTask();
            await Consoles.ShowWhileAsync(parsed.GetValue(json) ? consoles.Error : consoles.Out, time, () => "Looking for files that are no longer needed", work);
            var result = await work;
            if (parsed.GetValue(json))
                consoles.WriteJson(result, LakeJson.Default.DeltaVacuumResult);
            else
                consoles.Out.WriteLine($"{(vacuum.DryRun ? "Would delete" : "Deleted")} {Text(result.Files.Count)} files, {Grids.Size(result.Bytes)}, and {Text(result.StagingFiles)} temporary ones.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Argument<string> TableArgument() => new("TABLE") { Description = "The path of the table in the lake, as `lake tables` lists it." };

    private static Option<bool> JsonOption() => new("--json") { Description = "Print JSON, for scripts." };

    private static Option<string?> LakeOption() => new("--lake")
    {
        Description = $"Where the lake is; by default {Variable}, else .pipeline/lake in this folder.",
        HelpName = "DIR",
    };

    private static LakeCatalog Open(string? given, TimeProvider time)
    {
        var options = new ConfigurationBuilder().AddEnvironmentVariables().Build().GetSection(LakeOptions.Section).Get<LakeOptions>() ?? new LakeOptions();
        return new LakeCatalog(ObjectStores.Open(Location(given), time, options), options, time, NullLogger<LakeCatalog>.Instance);
    }

    private static string Location(string? given)
    {
        var location = given ?? Environment.GetEnvironmentVariable(Variable) ?? Path.Combine(".pipeline", "lake");
        if (ObjectStores.IsFolder(location) && !Directory.Exists(location))
            throw new TerminalException($"There is no lake at {Path.GetFullPath(location)}: start Pipeline in this folder once, or say --lake DIR.");
        return location;
    }

    private static string Text(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "?";
}
