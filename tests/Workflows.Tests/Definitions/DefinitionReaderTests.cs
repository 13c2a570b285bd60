using FsCheck;
using FsCheck.Fluent;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests.Definitions;

public sealed class DefinitionReaderTests
{
    [Fact]
    public async Task Read_EverythingGiven_IsInTheDefinition()
    {
        var (definition, faults) = await Definitions.ReadAsync("""
            # yaml-language-server: $schema=../workflow.schema.json
            name: shop
            description: All of it.
            schedule: { cron: "*/2 * * * *", time_zone: Europe/Berlin, start: 2026-01-31T00:00:00Z }
            catchup: true
            on_missed: all
            max_active_runs: 3
            max_parallel_tasks: 7
            timeout: 1h30m
            retries: { count: 2, delay: 5s, backoff: 2 }
            params:
              city: London
              days: 7
              full: { default: false, description: Everything. }
            tasks:
              last:
                after: [first, second]
                check: { query: SELECT 1 }
                when: "$full = 'true'"
              first:
                extract: { source: { file: { path: "${param:city}.csv", csv: { delimiter: ";" } } }, columns: { id: BIGINT }, rows_per_file: 500 }
                retries: { count: 0 }
                timeout: 90s
              second: { operation: { name: drain-user-events } }
            """);
        Assert.Empty(faults);
        Assert.NotNull(definition);
        Assert.Equal(("shop", "All of it.", 3, 7, TimeSpan.FromMinutes(90)), (definition.Name, definition.Description, definition.MaxActiveRuns, definition.MaxParallelTasks, definition.Timeout!.Value));
        Assert.Equal(new Schedule("*/2 * * * *", "Europe/Berlin", true, OnMissed.All) { Start = new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero) }, definition.Schedule);
        Assert.Equal(new RetryPolicy(2, TimeSpan.FromSeconds(5), 2), definition.Retries);
        Assert.Equal(
            [("city", new Parameter("London")), ("days", new Parameter("7")), ("full", new Parameter("false", "Everything."))],
            definition.Parameters.Select(p => (p.Key, p.Value)));
        Assert.Equal(["first", "second", "last"], definition.Tasks.Select(t => t.Name));
        var (first, last) = (definition.Tasks[0], definition.Tasks[2]);
        Assert.Equal(("extract", RetryPolicy.None, TimeSpan.FromSeconds(90)), (first.Kind, first.Retries, first.Timeout!.Value));
        Assert.Equal("${param:city}.csv", (string?)first.Settings["source"]!["file"]!["path"]);
        Assert.Equal(["first", "second"], last.After);
        Assert.Equal("$full = 'true'", last.When);
    }

    [Theory]
    [InlineData("tasks:\n  a:\n    chekc: { query: x }", 3, "tasks.a.chekc", "'chekc' is no known key; 'check' is.")]
    [InlineData("tasks:\n  a:\n    check: { query: x }\n    sql: { query: y }", 2, "tasks.a", "has check and sql; a task does one thing.")]
    [InlineData("tasks:\n  a:\n    after: [b]", 2, "tasks.a", "needs one of extract, sql, load, check, operation.")]
    [InlineData("tasks:\n  a:\n    check: { query: x }\n    after: [b]", 4, "tasks.a.after", "There is no task 'b'.")]
    [InlineData("tasks:\n  a:\n    check:\n      query: [x]", 4, "tasks.a.check.query", "must be a text.")]
    [InlineData("tasks:\n  a:\n    check:\n      query: x\n      rows: many", 5, "tasks.a.check.rows", "must be a whole number.")]
    [InlineData("tasks:\n  a:\n    check:\n      query: x\n      rows: 0", 5, "tasks.a.check.rows", "must be at least 1.")]
    [InlineData("tasks:\n  a:\n    extract:\n      to: b", 3, "tasks.a.extract.source", "'source' is missing.")]
    [InlineData("tasks:\n  a:\n    extract:\n      source:\n        file: { path: a }\n        lake: { path: b }", 4, "tasks.a.extract.source", "must have only one of file, http, postgres, lake.")]
    [InlineData("tasks:\n  a:\n    sql: { query: x, table: y, mode: upsert }", 3, "tasks.a.sql.mode", "must be one of overwrite, append, merge.")]
    [InlineData("tasks: {}", 1, "tasks", "must not be empty.")]
    [InlineData("tasks:\n  Bad-Name: { check: { query: x } }", 2, "tasks.Bad-Name", "A task's name must be of a-z, 0-9 and _, start with a letter, and have at most 100 characters.")]
    [InlineData("name: other\ntasks:\n  a: { check: { query: x } }", 1, "name", "is 'other', but the folder's name is 'shop'; leave it out or make them one.")]
    [InlineData("timeout: 5 minutes\ntasks:\n  a: { check: { query: x } }", 1, "timeout", "does not fit: A length of time, such as 90s, 5m, 1h30m, 2d.")]
    [InlineData("timeout: 0s\ntasks:\n  a: { check: { query: x } }", 1, "timeout", "'0s' must be a length of time above zero, such as 90s, 5m, 1h30m, 2d, and at most ten years.")]
    [InlineData("schedule: { cron: bad }\ntasks:\n  a: { check: { query: x } }", 1, "schedule", "'bad' is no cron expression.")]
    [InlineData("schedule: { cron: x }\nparams:\n  city: { description: Which. }\ntasks:\n  a: { check: { query: x } }", 3, "params.city", "needs a default, as the schedule gives no values.")]
    [InlineData("params:\n  city: { defualt: x }\ntasks:\n  a: { check: { query: x } }", 2, "params.city.defualt", "'defualt' is no known key; 'default' is.")]
    [InlineData("tasks:\n  a:\n    check:\n      query: SELECT '${param:town}'", 4, "tasks.a.check.query", "${param:town}: the workflow has no parameter 'town'.")]
    [InlineData("tasks:\n  a:\n    check: { query: '${secret:x}' }", 3, "tasks.a.check.query", "${secret:x} is of no known kind: env, config, param, run, each.")]
    [InlineData("tasks:\n  a: { check: { query: x } }\n  a: { check: { query: y } }", 3, "", "Duplicate key a.")]
    [InlineData("- a", 1, "", "The file must be a mapping with at least `tasks`.")]
    [InlineData("", 1, "", "The file is empty.")]
    [InlineData("a: b\n---\nc: d", 3, "", "There is a second document; a file holds one workflow.")]
    public async Task Read_SomethingWrong_SaysLineAndField(string yaml, int line, string field, string message)
    {
        var (definition, faults) = await Definitions.ReadAsync(yaml);
        Assert.Null(definition);
        Assert.Equal([new DefinitionFault("workflow.yaml", line, field, message)], faults);
    }

    [Fact]
    public async Task Read_NotYaml_SaysTheLine()
    {
        var (definition, faults) = await Definitions.ReadAsync("tasks:\n  a: [1, 2\n  b: c");
        Assert.Null(definition);
        Assert.InRange(Assert.Single(faults).Line, 2, 3);
    }

    [Fact]
    public void Read_DamagedText_IsAFaultWithALineAndNeverAnError()
    {
        const string Yaml = "name: shop\nparams: { a: \"x\", b: 'y' }\ntasks:\n  a: &t\n    after: [b, c]\n    check: { query: |\n      SELECT 1 }\n  b: *t\n# end\n";
        var damage = from at in Gen.Choose(0, Yaml.Length - 1)
                     from length in Gen.Choose(0, 5)
                     from put in Gen.Elements("", ":", "[", "]", "{", "}", "&", "*", "\n", "\t", "- ", "\"", "'", "%", "---", "!!", "\0", "?", "|", ",")
                     select (at, length, put);
        Prop.ForAll(damage.ListOf(3).ToArbitrary(), edits =>
        {
            var text = Yaml;
            foreach (var (at, length, put) in edits)
            {
                var start = Math.Min(at, text.Length);
                text = text.Remove(start, Math.Min(length, text.Length - start)).Insert(start, put);
            }

            var (definition, faults) = Definitions.ReadAsync(text).GetAwaiter().GetResult();
            Assert.True(definition is not null || faults.All(f => f.Line > 0 && f.Message.Length > 0) && faults.Count > 0);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    [Fact]
    public async Task Read_Circle_NamesIt()
    {
        var (_, faults) = await Definitions.ReadAsync("""
            tasks:
              a: { after: [c], check: { query: x } }
              b: { after: [a], check: { query: x } }
              c: { after: [b], check: { query: x } }
              d: { after: [a], check: { query: x } }
            """);
        Assert.Equal("Tasks wait for each other in a circle: a after c after b after a.", Assert.Single(faults).Message);
    }

    [Fact]
    public async Task Read_ManyFaults_TellsAllAtOnce()
    {
        var (_, faults) = await Definitions.ReadAsync("catchup: maybe\ntasks:\n  a: { check: { rows: x, foo: 1 } }\n  b: { check: [] }");
        Assert.Equal(["catchup", "tasks.a.check.foo", "tasks.a.check.rows", "tasks.b.check"], faults.Select(f => f.Field).Order());
    }

    [Fact]
    public async Task Read_KindFindsAFault_SaysWhere()
    {
        var kind = new AnyKind("sql", new TaskFault("file", "There is no file 'a.sql'."));
        var (_, faults) = await Definitions.ReadAsync("tasks:\n  a:\n    sql:\n      file: a.sql", "shop", kind);
        Assert.Equal([new DefinitionFault("workflow.yaml", 4, "tasks.a.sql.file", "There is no file 'a.sql'.")], faults);
    }

    [Fact]
    public async Task Read_AliasesThatStandForBillions_IsRefused()
    {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 8).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        var (_, faults) = await Definitions.ReadAsync(yaml);
        Assert.Equal("The file stands for more than 100000 values.", Assert.Single(faults).Message);
    }

    [Theory]
    [InlineData("Upper")]
    [InlineData("-a")]
    [InlineData("a b")]
    public async Task Read_NameOfNoUse_SaysSo(string name)
    {
        var (_, faults) = await Definitions.ReadAsync("tasks:\n  a: { check: { query: x } }", name);
        Assert.Single(faults);
    }

    [Fact]
    public async Task Version_OtherText_IsAnother()
    {
        const string Yaml = "tasks:\n  a: { check: { query: x } }";
        var versions = new[] { await Definitions.ReadAsync(Yaml), await Definitions.ReadAsync(Yaml), await Definitions.ReadAsync(Yaml + "\n") };
        Assert.Equal(versions[0].Definition!.Version, versions[1].Definition!.Version);
        Assert.NotEqual(versions[0].Definition!.Version, versions[2].Definition!.Version);
    }
}
