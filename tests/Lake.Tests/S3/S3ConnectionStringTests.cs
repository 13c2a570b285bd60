using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Pipeline.Lake.Tests.S3;

public sealed class S3ConnectionStringTests
{
    [Fact]
    public void Apply_Uri_HasBucketPrefixAndSettings()
    {
        var (options, faults) = S3ConnectionString.Apply(
            "s3://lake/team/raw/?endpoint=http://127.0.0.1:9000&region=eu-central-1&pathStyle=false&createBucket=TRUE"
            + "&accessKey=a%26b&secretKey=x+/y=&checksums=WHEN_SUPPORTED"
            + "&cacheBytes=1048576&cacheKeep=00:05:00",
            new S3Options());
        Assert.Empty(faults);
        Assert.Empty(options.Faults());
        Assert.Equal(("lake", "team/raw", "http://127.0.0.1:9000", "eu-central-1"), (options.Bucket, options.Prefix, options.Endpoint, options.Region));
        Assert.Equal((false, true, "a&b", "x+/y="), (options.PathStyle, options.CreateBucket, options.AccessKey, options.SecretKey));
        Assert.Equal((S3Checksums.WhenSupported, 1L << 20, TimeSpan.FromMinutes(5)), (options.Checksums, options.CacheBytes, options.CacheKeep));
    }

    [Fact]
    public void Apply_Pairs_HaveSettingsInAnyCase()
    {
        var given = new S3Options { Bucket = "lake", AccessKey = "other", MaxAttempts = 3 };
        var (options, faults) = S3ConnectionString.Apply("Endpoint=http://minio:9000/;AccessKey=admin;secretkey=se=cret;Prefix=/a/b/;", given);
        Assert.Empty(faults);
        Assert.Empty(options.Faults());
        Assert.Equal(
            ("lake", "a/b", "http://minio:9000", "admin", "se=cret"),
            (options.Bucket, options.Prefix, options.Endpoint, options.AccessKey, options.SecretKey));
        Assert.Equal((true, S3Checksums.WhenRequired, true, 3), (options.UsesPathStyle, options.UsedChecksums, options.SignsPayload, options.MaxAttempts));
        Assert.Equal("other", given.AccessKey);
    }

    [Fact]
    public void Options_OfAws_AreItsOwn()
    {
        var (options, _) = S3ConnectionString.Apply("s3://lake", new S3Options());
        Assert.Equal((false, S3Checksums.WhenSupported, false, true), (options.UsesPathStyle, options.UsedChecksums, options.SignsPayload, options.IsAws));
    }

    [Theory]
    [InlineData("s3://")]
    [InlineData("s3://b")]
    [InlineData("s3://lake/a//b")]
    [InlineData("s3://key:hidden@lake/x")]
    [InlineData("s3://lake?accessKey=hidden")]
    [InlineData("s3://lake?secretKey=hidden")]
    [InlineData("s3://lake?endpoint=127.0.0.1:9000")]
    [InlineData("s3://lake?endpoint=http://user:hidden@host")]
    [InlineData("s3://lake?endpoint=http://host/path")]
    [InlineData("s3://lake?pathStyle=hidden")]
    [InlineData("s3://lake?nosuch=hidden")]
    [InlineData("s3://lake?hidden")]
    [InlineData("s3://lake?maxAttempts=0")]
    [InlineData("s3://lake?partBytes=4")]
    [InlineData("s3://lake?parallelParts=65")]
    [InlineData("s3://lake?maxConnections=0")]
    [InlineData("s3://lake?requestTimeout=00:00:00")]
    [InlineData("s3://lake?cacheBytes=9")]
    [InlineData("s3://lake?cacheKeep=2.00:00:00")]
    [InlineData("Endpoint=http://host;AccessKey=a;SecretKey=hidden")]
    public void Open_WrongSetting_IsSaidWithoutTheSecret(string connection)
    {
        Assert.True(S3ConnectionString.IsS3(connection));
        using var services = new ServiceCollection().AddLogging()
            .AddLake(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:lake"] = connection }).Build())
            .BuildServiceProvider();
        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<LakeOptions>>().Value);
        Assert.DoesNotContain("hidden", error.Message, StringComparison.Ordinal);
        var opened = Assert.Throws<TerminalException>(() => services.GetRequiredService<IObjectStore>());
        Assert.DoesNotContain("hidden", opened.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddLake_SettingsInTheSection_AreUsed()
    {
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:lake"] = "Endpoint=http://127.0.0.1:9000;AccessKey=a;SecretKey=b",
            ["Lake:S3:Bucket"] = "lake",
            ["Lake:S3:Prefix"] = "p",
            ["Lake:S3:CacheFolder"] = Path.Combine(Path.GetTempPath(), "pipeline-never-made"),
        };
        using var services = new ServiceCollection().AddLogging().AddLake(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).BuildServiceProvider();
        Assert.Equal("lake", services.GetRequiredService<IOptions<LakeOptions>>().Value.S3.Bucket);
        var store = services.GetRequiredService<IObjectStore>();
        Assert.Equal("s3://lake/p", store.Location);
        Assert.StartsWith(settings["Lake:S3:CacheFolder"]!, store.LocalFolder, StringComparison.Ordinal);
        Assert.False(Directory.Exists(settings["Lake:S3:CacheFolder"]));
    }

    [Theory]
    [InlineData("/data/lake")]
    [InlineData("lake")]
    [InlineData("C:\\lake;x=1")]
    [InlineData("file:///data/lake?endpoint=x")]
    [InlineData("day=2024-01-01;x")]
    public void IsS3_Folder_IsNot(string connection) => Assert.False(S3ConnectionString.IsS3(connection));

    [Fact]
    public void Apply_AnyText_NeverTellsASecret() => Prop.ForAll<NonNull<string>>(text =>
    {
        var (options, faults) = S3ConnectionString.Apply($"s3://lake/x?secretKey=hidden&{text.Get}", new S3Options());
        return !faults.Concat(options.Faults()).Any(f => f.Contains("hidden", StringComparison.Ordinal));
    }).QuickCheckThrowOnFailure();
}
