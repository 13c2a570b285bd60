using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Tests.Definitions;

public sealed class TemplatesTests
{
    private static readonly RunFacts _run = new(
        42, "shop", new DateTimeOffset(2026, 3, 1, 22, 5, 0, TimeSpan.FromHours(-3)), new Dictionary<string, string> { ["city"] = "London", ["empty"] = "" });

    private readonly Templates _templates = new(
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Weather:Key"] = "s3cr et", ["Short"] = "abc" }).Build());

    [Theory]
    [InlineData("a ${param:city} b", "a London b")]
    [InlineData("${param:empty}", "")]
    [InlineData("${run:id}/${run:workflow}", "42/shop")]
    [InlineData("${run:logical_date}", "2026-03-02T01:05:00Z")]
    [InlineData("tech_day=${run:logical_date:yyyy-MM-dd}/${run:logical_date:HHmm}", "tech_day=2026-03-02/0105")]
    [InlineData("$${param:city} costs $5 {x}", "${param:city} costs $5 {x}")]
    [InlineData("${config:Weather:Key}", "s3cr et")]
    [InlineData("q=${each:city}", "q=${each:city}")]
    [InlineData("no template", "no template")]
    public void Fill_Templates_BecomeTheirValues(string text, string expected)
    {
        var filled = _templates.Fill(new JsonObject { ["a"] = new JsonArray(text, 5), ["b"] = null }, _run);
        Assert.Equal(expected, (string?)filled.Settings["a"]![0]);
        Assert.Equal(5, (int)filled.Settings["a"]![1]!);
    }

    [Fact]
    public void Fill_Environment_IsTaken()
    {
        var filled = _templates.Fill(new JsonObject { ["path"] = "${env:PATH}" }, _run);
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), (string?)filled.Settings["path"]);
    }

    [Fact]
    public void Redact_Secrets_AreBlackAlsoAsInAnAddress()
    {
        var filled = _templates.Fill(new JsonObject { ["key"] = "${config:Weather:Key}", ["short"] = "${config:Short}", ["city"] = "${param:city}" }, _run);
        Assert.Equal("GET http://x/?k=***&q=London failed: *** abc", filled.Redactor.Redact("GET http://x/?k=s3cr%20et&q=London failed: s3cr et abc"));
    }

    [Theory]
    [InlineData("${env:PIPELINE_NO_SUCH_VARIABLE}", "${env:PIPELINE_NO_SUCH_VARIABLE}: the environment variable PIPELINE_NO_SUCH_VARIABLE is not set.")]
    [InlineData("${config:No:Such}", "${config:No:Such}: the configuration has no value for No:Such.")]
    [InlineData("${param:town}", "${param:town}: the run has no parameter 'town'.")]
    [InlineData("${other:x}", "${other:x} is of no known kind: env, config, param, run, each.")]
    [InlineData("a ${param:city", "'${param:city' has no closing brace.")]
    public void Fill_NotThere_SaysWhichAndNoValue(string text, string message) =>
        Assert.Equal(message, Assert.Throws<TerminalException>(() => _templates.Fill(new JsonObject { ["a"] = text }, _run)).Message);
}
